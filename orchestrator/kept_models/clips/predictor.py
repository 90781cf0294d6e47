"""Predicts the emotions of a video file with the model of a finished trial."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from pydantic import TypeAdapter
from tokenizers import Tokenizer
from torch import Tensor, nn

from corpora.batches.single_clip import ClipReader, ReadClip, text_alone, whole_file
from corpora.checkpoints.files import WEIGHTS, Checkpoint
from corpora.features.encoders.open import find_encoder
from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError, MediaError
from corpora.source.names import SYNTHETIC_NAMES
from corpora.source.rejects import Remark
from corpora.source.utterance import Utterance
from corpora.store.remarked import REMARKS_ON
from corpora.text.word_vectors import make_word_vectors
from models.build import build
from models.configs.base import MODALITIES, Modality, SystemConfig
from models.configs.emoembs import EmoEmbsConfig
from models.fusion.decisions import AttentiveFusion, WeightedSum
from models.fusion.sequences import Gates
from models.parts.weighing import weights_of
from models.task import Features, Task, outputs_of
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.clips.notes import REMARKS, cost_of_no_text, listed
from orchestrator.kept_models.clips.spoken import SpokenClip, is_text
from orchestrator.storage.own_code import with_own_code
from orchestrator.training.determinism import deterministic_algorithms, set_cublas_workspace
from orchestrator.training.objective import PREDICTIONS
from orchestrator.training.precision import autocast
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.open_corpus import scale_of_faces
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.prediction.prediction import (
    EmotionDecision,
    ModalityWeights,
    Prediction,
    WeightKind,
)
from reports.scores.metrics import decide

WEIGHS_MODALITIES: dict[type[nn.Module], WeightKind] = {
    AttentiveFusion: "attention",
    WeightedSum: "sum",
    Gates: "gates",
}
"""The parts whose weights are the weights of the modalities, in the order of the config."""


class Predictor:
    """A trained model, and the code that prepares media for it as `prepare` did for training."""

    def __init__(
        self,
        record: Record,
        model: nn.Module,
        reader: ClipReader,
        tokenizer: Tokenizer | None,
        device: torch.device,
    ) -> None:
        self._record = record
        self._model = model.to(device).eval()
        self._reader = reader
        self._tokenizer = tokenizer
        self._device = device
        every = (part for part in model.modules() if type(part) in WEIGHS_MODALITIES)
        self._weighs: nn.Module | None = next(every, None)

    @property
    def weighed(self) -> tuple[Modality, ...]:
        """The modalities that have a weight in the model."""
        return () if self._weighs is None else self._record.trial.config.model.modalities

    def predict(self, clip: SpokenClip) -> Prediction:
        """Predict the emotions of a whole file.

        Raises:
            CorpusError: If the file cannot be read, or holds text and the model reads more.
        """
        modalities = self._record.trial.config.model.modalities
        if is_text(clip.path):
            if set(modalities) != {"text"}:
                raise CorpusError(
                    f"'{clip.path}' is a file of text, but trial '{self._record.key}' reads "
                    f"{listed(modalities)}; give a media file, or choose a trial of text alone"
                )
            utterance = text_alone(clip.path.name, clip.text)
            return self.predict_utterance(utterance, text_from=clip.text_from)
        try:
            utterance = whole_file(
                clip.path, clip.text, clip.sound_track, needs_pictures="vision" in modalities
            )
            return self.predict_utterance(utterance, text_from=clip.text_from)
        except MediaError as error:
            raise CorpusError(f"clip '{clip.path}' cannot be used: {error}") from error

    def predict_utterance(
        self, utterance: Utterance, *, text_from: str | None = None
    ) -> Prediction:
        """Predict the emotions of any utterance, in the precision that the trial ran in.

        Raises:
            MediaError: If the utterance cannot be read.
        """
        read = self._without_unread(self._reader.read(utterance))
        circumstances = self._record.circumstances
        with (
            torch.inference_mode(),
            autocast(self._device, circumstances.precision),
            deterministic_algorithms(is_on=circumstances.is_deterministic),
            weights_of(self._weighs or nn.Identity()) as weights,
        ):
            logits = outputs_of(self._model(read.batch)).logits
        return Prediction(
            clip=utterance.id,
            seconds=utterance.duration_s,
            text=utterance.text,
            text_from=text_from,
            decisions=() if self._is_regression else self._decisions(logits),
            numbers=self._numbers(logits) if self._is_regression else {},
            weights=self._modality_weights(weights),
            num_frames=read.num_frames,
            num_faces=read.num_faces,
            remarks=read.remarks,
            notes=tuple(self._notes(utterance.text, text_from, read)),
        )

    def _without_unread(self, read: ReadClip) -> ReadClip:
        """Leave out the remarks on pictures or sound that the model does not read."""
        modalities = self._record.trial.config.model.modalities
        unread = {
            remark
            for modality, on_it in REMARKS_ON.items()
            if modality not in modalities
            for remark in on_it
        }
        is_seen = Remark.NO_FRAMES not in unread.intersection(read.remarks)
        return replace(
            read,
            num_frames=read.num_frames if is_seen else 0,
            remarks=tuple(remark for remark in read.remarks if remark not in unread),
        )

    @property
    def _is_regression(self) -> bool:
        return self._record.result.task == "regression"

    def _numbers(self, logits: Tensor) -> dict[str, float]:
        return dict(zip(self._record.result.emotions, logits[0].cpu().tolist(), strict=True))

    def _decisions(self, logits: Tensor) -> tuple[EmotionDecision, ...]:
        result = self._record.result
        probabilities = PREDICTIONS[result.task](logits).cpu().numpy()  # (1, K)
        thresholds: tuple[float | None, ...] = result.thresholds
        if result.task == "multiclass":
            thresholds = (None,) * len(result.emotions)
            present = np.arange(len(result.emotions)) == probabilities.argmax(1)[:, None]
        else:
            present = decide(probabilities, np.array(result.thresholds))
        return tuple(
            EmotionDecision(*decision)
            for decision in zip(
                result.emotions,
                probabilities[0].tolist(),
                thresholds,
                present[0].tolist(),
                strict=True,
            )
        )

    def _modality_weights(self, weights: dict[str, Tensor]) -> ModalityWeights | None:
        if self._weighs is None:
            return None
        (last,) = weights.values()  # (1, M), or (1, D, M) a feature
        means = last.float().flatten(0, -2).mean(0).cpu().tolist()
        kind = WEIGHS_MODALITIES[type(self._weighs)]
        return ModalityWeights(kind, dict(zip(self.weighed, means, strict=True)))

    def _notes(
        self,
        text: str,
        text_from: str | None,
        read: ReadClip,
    ) -> Iterator[str]:
        model = self._record.trial.config.model
        if self._record.trial.corpus.name in SYNTHETIC_NAMES:
            yield (
                "this model was trained on drawn faces and synthetic voices; its predictions for "
                "real people have no value"
            )
        if not text.strip():
            yield cost_of_no_text(self._record, has_weight="text" in self.weighed)
        elif text_from is not None and not model.reads_text:
            yield f"this model reads no text, only {listed(model.modalities)}"
        elif self._tokenizer is not None and self._tokenizer.encode(text).overflowing:
            num_read = len(self._tokenizer.encode(text).ids)
            yield f"the text is long: the model reads only its first {num_read} tokens"
        for remark in read.remarks:
            detail = read.details.get(remark)
            yield REMARKS[remark] + (f" ({detail})" if detail else "")


def load_predictor(
    record: Record,
    ledger: Ledger,
    *,
    device: torch.device,
    words: str | None = None,
    encoders: Mapping[Modality, str] | None = None,
    texts: Iterable[str] = (),
) -> Predictor:
    """Load the model of a finished trial with the settings that it was trained with.

    Args:
        record: The record of the trial.
        ledger: The ledger that holds the record.
        device: Where to prepare clips and to predict.
        words: The source of the word vectors of hand-crafted text, as for `prepare`: glove:FILE,
            encoder:NAME, or random.
        encoders: Where the encoders are whose states the model reads, by modality.
        texts: All texts that will be read; of a file of vectors, only their words are loaded.

    Raises:
        CorpusError: If the trial's recipe cannot be applied to a video, or needs other `words` or
            `encoders`.
        CheckpointError: If an encoder is not the one of the training.
        KeptModelError: If the model, or the recipe, was not kept.
        WeightsError: If the checkpoint that the model started from is not available; it has the
            model's sizes.
    """
    if not record.circumstances.recipe:
        raise KeptModelError(
            f"the record of trial '{record.key}' is old: it holds no recipe; choose another trial"
        )
    if record.circumstances.is_deterministic:
        set_cublas_workspace()  # the face detector uses the device before the model does
    recipe: AnyRecipe = TypeAdapter(AnyRecipe).validate_python(record.circumstances.recipe)
    feature_sources = _feature_sources(recipe, record.key, words, encoders or {}, texts)
    state, tokenizer = read_kept_model(ledger, record)
    reader = ClipReader(recipe, feature_sources, tokenizer, device)
    config = with_own_code(record.trial, ledger.storage).config.model
    model = build(config, _task(config, record.result.emotions, reader.widths(), recipe))
    model.load_state_dict(state)
    return Predictor(record, model, reader, tokenizer, device)


def _feature_sources(
    recipe: AnyRecipe,
    key: str,
    words: str | None,
    encoders: Mapping[Modality, str],
    texts: Iterable[str],
) -> FeatureSources:
    """Get the feature sources that a recipe needs besides the clip.

    Raises:
        CorpusError: If they are not available, or differ from those of the training.
        CheckpointError: If an encoder differs from that of the training.
    """
    if isinstance(recipe, PublishedFeatures):
        raise CorpusError(
            f"trial '{key}' reads published hand-crafted features, which cannot be made from a "
            "video, because their tools and settings are not known; choose a trial of another "
            "system, or one whose corpus was prepared with our own features (`prepare --words`)"
        )
    if not isinstance(recipe, HandcraftedRecipe):
        if words is not None or encoders:
            raise CorpusError(
                f"trial '{key}', recipe '{recipe.name}', reads no word vectors and no states of "
                "encoders: leave --words and --encoder out"
            )
        return NO_FEATURE_SOURCES
    checkpoints = _encoders(recipe, key, encoders)
    if recipe.words is None:
        if words is not None:
            raise CorpusError(
                f"trial '{key}' reads an encoder's states of the text: leave --words out"
            )
        return FeatureSources(encoders=checkpoints)
    kind, _, origin = (words or recipe.words).partition(":")
    if kind != recipe.words or bool(origin) == (recipe.words == "random"):
        wanted = {"glove": "glove:FILE", "encoder": "encoder:NAME", "random": "random"}
        raise CorpusError(
            f"trial '{key}' was trained with words '{recipe.words}', but --words is {words!r}; "
            f"choose {wanted[recipe.words]}"
        )
    vectors = make_word_vectors(recipe, texts=texts, origin=origin or None)
    return FeatureSources(words=vectors, encoders=checkpoints)


def _encoders(
    recipe: HandcraftedRecipe, key: str, encoders: Mapping[Modality, str]
) -> dict[Modality, Checkpoint]:
    """Find the encoders of a recipe, which knows what they hold but not where they lie."""
    if recipe.encoders.keys() != encoders.keys():
        wanted = " ".join(
            f"--encoder {modality}=NAME ({states.architecture}, model.safetensors has SHA-256 "
            f"{states.sha256.get(WEIGHTS[0], 'of several files')})"
            for modality, states in recipe.encoders.items()
        )
        raise CorpusError(
            f"trial '{key}' was trained with encoders of {_listed_or_none(recipe.encoders)}, but "
            f"--encoder names those of {_listed_or_none(encoders)}; give "
            f"{wanted or 'no --encoder'}"
        )
    return {modality: find_encoder(place, modality, recipe) for modality, place in encoders.items()}


def _task(
    config: SystemConfig, emotions: tuple[str, ...], widths: dict[str, int], recipe: AnyRecipe
) -> Task:
    """Return the sizes that a model needs; the kept parameters then replace its values."""
    return Task(
        emotions=emotions,
        features={
            modality: Features(mean=torch.zeros(widths[modality]), std=torch.ones(widths[modality]))
            for modality in MODALITIES
            if modality in widths
        },
        emotion_vectors=torch.zeros(len(emotions), config.hidden.text)
        if isinstance(config, EmoEmbsConfig)
        else None,
        faces=scale_of_faces(recipe),
    )


def _listed_or_none(names: Iterable[str]) -> str:
    return listed(names) if [*names] else "no modality"
