"""Predicts the emotions of a media file with the model of a finished trial."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from corpora.batches.single_clip import ClipReader, ReadClip, text_alone, whole_file
from corpora.forms.seen import Seen
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError, MediaError
from corpora.source.names import SYNTHETIC_NAMES
from corpora.source.rejects import Remark
from corpora.source.utterance import Utterance
from corpora.store.remarked import REMARKS_ON
from models.configs.base import Modality
from models.fusion.decisions import AttentiveFusion, WeightedSum
from models.fusion.sequences import Gates
from models.own.system import OwnSystem
from models.parts.weighing import weights_of
from models.task import outputs_of
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.blanks import AnyBatch, Blanks, make_blanks
from orchestrator.kept_models.clips.notes import REMARKS, cost_of_no_text, listed
from orchestrator.kept_models.clips.spoken import SpokenClip, is_text
from orchestrator.kept_models.load import TrainedModel
from orchestrator.training.determinism import deterministic_algorithms
from orchestrator.training.memory import is_out_of_memory
from orchestrator.training.objective import PREDICTIONS
from orchestrator.training.precision import autocast
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


@dataclass(frozen=True)
class Decided:
    """What a model makes of a batch of one utterance: decisions, or numbers in a regression."""

    decisions: tuple[EmotionDecision, ...]
    numbers: Mapping[str, float]
    weights: ModalityWeights | None


@dataclass(frozen=True)
class Watched:
    """A prediction, the batch that the model read, and what the recipe saw and heard for it."""

    prediction: Prediction
    batch: AnyBatch
    seen: Seen


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
        self.tokenizer = tokenizer
        self._device = device
        every = (part for part in model.modules() if type(part) in WEIGHS_MODALITIES)
        self._weighs: nn.Module | None = next(every, None)

    @property
    def trained(self) -> TrainedModel:
        """The model, and the record of its trial."""
        return TrainedModel(self._record, self._model)

    @property
    def recipe(self) -> AnyRecipe:
        """How clips are prepared."""
        return self._reader.recipe

    @property
    def weighed(self) -> tuple[Modality, ...]:
        """The modalities that have a weight in the model."""
        return () if self._weighs is None else self._record.trial.config.model.modalities

    def predict(self, clip: SpokenClip) -> Prediction:
        """Predict the emotions of a whole file.

        Raises:
            CorpusError: If the file cannot be read, or holds text and the model reads more.
        """
        with _named(clip):
            return self.predict_utterance(self._utterance(clip), text_from=clip.text_from)

    def watch(self, clip: SpokenClip) -> Watched:
        """Predict the emotions of a whole file, and keep what the model read.

        Raises:
            CorpusError: As `predict`.
        """
        with _named(clip):
            utterance = self._utterance(clip)
            read, seen = self._reader.watch(utterance)
            prediction = self._prediction(utterance, clip.text_from, read)
        return Watched(prediction, read.batch, seen)

    def predict_utterance(
        self, utterance: Utterance, *, text_from: str | None = None
    ) -> Prediction:
        """Predict the emotions of any utterance, in the precision that the trial ran in.

        Raises:
            MediaError: If the utterance cannot be read.
        """
        return self._prediction(utterance, text_from, self._reader.read(utterance))

    def decide(self, batch: AnyBatch) -> Decided:
        """Decide on a batch of one utterance.

        Raises:
            KeptModelError: If a user's own model fails.
        """
        circumstances = self._record.circumstances
        with (
            torch.inference_mode(),
            autocast(self._device, circumstances.precision),
            deterministic_algorithms(is_on=circumstances.is_deterministic),
            weights_of(self._weighs or nn.Identity()) as weights,
        ):
            logits = self._logits(batch)
        return Decided(
            decisions=() if self._is_regression else self._decisions(logits),
            numbers=self._numbers(logits) if self._is_regression else {},
            weights=self._modality_weights(weights),
        )

    def _logits(self, batch: AnyBatch) -> Tensor:
        try:
            return outputs_of(self._model(batch)).logits
        except Exception as error:  # a user's own model may raise anything
            model = self._record.trial.config.model
            if is_out_of_memory(error) or not isinstance(model, OwnSystem):
                raise
            raise KeptModelError(
                f"the model of trial '{self._record.key}' fails: {type(error).__name__}: {error}"
            ) from error

    def without(self, batch: AnyBatch, modality: Modality) -> Decided:
        """Decide on a batch of one utterance as if it lacked a modality."""
        return self.decide(self._blanks.put_into(batch, modality, [True]))

    @cached_property
    def _blanks(self) -> Blanks:
        modalities = self._record.trial.config.model.modalities
        widths = self._reader.widths()
        return make_blanks(self.recipe, self.tokenizer, widths, modalities, self._device)

    def _utterance(self, clip: SpokenClip) -> Utterance:
        modalities = self._record.trial.config.model.modalities
        if not is_text(clip.path):
            needs_pictures = "vision" in modalities
            return whole_file(clip.path, clip.text, clip.sound_track, needs_pictures=needs_pictures)
        if set(modalities) != {"text"}:
            raise CorpusError(
                f"'{clip.path}' is a file of text, but trial '{self._record.key}' reads "
                f"{listed(modalities)}; give a media file, or choose a trial of text alone"
            )
        return text_alone(clip.path.name, clip.text)

    def _prediction(
        self, utterance: Utterance, text_from: str | None, read: ReadClip
    ) -> Prediction:
        read = self._without_unread(read)
        decided = self.decide(read.batch)
        return Prediction(
            clip=utterance.id,
            seconds=utterance.duration_s,
            text=utterance.text,
            text_from=text_from,
            decisions=decided.decisions,
            numbers=decided.numbers,
            weights=decided.weights,
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
        elif self.tokenizer is not None and self.tokenizer.encode(text).overflowing:
            num_read = len(self.tokenizer.encode(text).ids)
            yield f"the text is long: the model reads only its first {num_read} tokens"
        for remark in read.remarks:
            detail = read.details.get(remark)
            yield REMARKS[remark] + (f" ({detail})" if detail else "")


@contextmanager
def _named(clip: SpokenClip) -> Iterator[None]:
    """Name the clip in an error about its media, a user's own model, or too little memory."""
    try:
        yield
    except (KeptModelError, MediaError) as error:
        raise CorpusError(f"clip '{clip.path}' cannot be used: {error}") from error
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise CorpusError(
            f"clip '{clip.path}' does not fit into the memory that is free here; end other "
            "programs, or cut it into shorter clips"
        ) from error
