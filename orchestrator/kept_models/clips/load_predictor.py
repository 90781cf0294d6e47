"""Loads the model of a finished trial, with what prepares clips as `prepare` did for training."""

from collections.abc import Iterable, Mapping

import torch
from pydantic import TypeAdapter

from corpora.batches.single_clip import ClipReader
from corpora.checkpoints.files import WEIGHTS, Checkpoint
from corpora.features.encoders.open import find_encoder
from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError
from corpora.text.word_vectors import make_word_vectors
from models.build import build
from models.configs.base import MODALITIES, Modality, SystemConfig
from models.configs.emoembs import EmoEmbsConfig
from models.task import Features, Task
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.clips.notes import listed
from orchestrator.kept_models.clips.predictor import Predictor
from orchestrator.storage.own_code import with_own_code
from orchestrator.training.determinism import set_cublas_workspace
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.open_corpus import scale_of_faces
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record


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
