"""Modalities are withheld from trained models: what they get instead, and the scores."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from corpora.batches.single_clip import ClipReader, whole_file
from corpora.features.sources import FeatureSources
from corpora.media.segments import NoMedia, SoundSegment
from corpora.recipes.encoder_states import EncoderStates
from corpora.recipes.handcrafted import PublishedFeatures
from corpora.source.utterance import Utterance
from corpora.text.word_vectors import RandomVectors
from models.configs.base import MODALITIES
from orchestrator.kept_models.blanks import AnyBatch, make_blanks
from orchestrator.kept_models.load import LoadedModel, load_trained
from orchestrator.kept_models.withheld_split import (
    draw,
    predict_withheld,
)
from orchestrator.training.evaluation import predict
from orchestrator.training.objective import make_objective
from orchestrator.training.without_text import without_text
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from tests.corpora.media_factory import write_video
from tests.orchestrator.kept_models.predictors import CPU, OWN, of_every_kind

IDS = [f"utterance {number}" for number in range(200)]


def test_stated_share_of_the_utterances_lacks_a_modality() -> None:
    assert [sum(draw(IDS, "audio", percent)) for percent in (1, 30, 50, 100)] == [2, 60, 100, 200]


def test_who_lacks_a_modality_lacks_it_at_higher_rates_and_in_any_order() -> None:
    few, many = draw(IDS, "audio", 30), draw(IDS, "audio", 50)
    assert all(more for less, more in zip(few, many, strict=True) if less)
    assert draw(IDS[::-1], "audio", 30) == few[::-1]


def test_modalities_are_drawn_apart() -> None:
    audio, text = (np.array(draw(IDS, modality, 50)) for modality in ("audio", "text"))
    assert 30 < (audio & text).sum() < 70


def trained_model(record: Record, storage: Path) -> LoadedModel:
    return load_trained(record, storage, device=CPU)


def spoken(folder: Path) -> tuple[Utterance, Utterance]:
    """Make an utterance of a clip, and one as long that has no text, no sound and no pictures."""
    whole = whole_file(write_video(folder / "whole.mp4"), "what a day")
    silent = write_video(folder / "silent.mp4", sound_hz=None)
    sound = SoundSegment(silent, 0.0, whole.duration_s)
    return whole, replace(whole, pictures=NoMedia(), sound=sound, text="")


def inputs_of(batch: AnyBatch) -> dict[str, Tensor | tuple[int, ...]]:
    """Return what a model reads, without the padding of texts."""
    inputs = dict(vars(batch))
    if "tokens" in inputs:
        inputs["tokens"] = inputs["tokens"][inputs.pop("token_mask")]
    return inputs


@of_every_kind
def test_model_gets_what_a_clip_without_the_modality_gives(
    system: str, trained: Callable[[str], Record], storage: Path, tmp_path: Path
) -> None:
    corpus = trained_model(trained(system), storage).corpus
    sources = FeatureSources(words=RandomVectors(OWN.random_width))
    reader = ClipReader(corpus.manifest.recipe, sources, corpus.tokenizer, CPU)
    whole, bare = (reader.read(one).batch for one in spoken(tmp_path))
    manifest = corpus.manifest
    blanks = make_blanks(manifest.recipe, corpus.tokenizer, manifest.widths, MODALITIES, CPU)
    for modality in MODALITIES:
        whole = blanks.put_into(whole, modality, [True])
    found, wanted = inputs_of(whole), inputs_of(bare)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        if isinstance(value, Tensor):
            torch.testing.assert_close(found[name], value)
        else:
            assert found[name] == value, name


@of_every_kind
def test_utterances_that_lack_nothing_are_predicted_as_before(
    system: str, trained: Callable[[str], Record], storage: Path
) -> None:
    record = trained(system)
    loaded = trained_model(record, storage)
    recorded = Ledger(storage).predictions(record)["test"]
    few = tuple((modality, 1) for modality in MODALITIES)  # of so few utterances none
    ((_, found),) = predict_withheld(loaded, [few], CPU)
    assert np.array_equal(found.probabilities, recorded.probabilities)
    assert found.ids.tolist() == recorded.ids.tolist()


def test_only_those_that_lack_a_modality_are_predicted_otherwise(
    trained: Callable[[str], Record], storage: Path
) -> None:
    record = trained("le")
    recorded = Ledger(storage).predictions(record)["test"]
    ((_, found),) = predict_withheld(trained_model(record, storage), [(("vision", 50),)], CPU)
    changed = (found.probabilities != recorded.probabilities).any(axis=1)
    assert changed.tolist() == draw(recorded.ids.tolist(), "vision", 50)


def test_without_any_text_is_what_the_trial_measured(
    trained: Callable[[str], Record], storage: Path
) -> None:
    loaded = trained_model(trained("le"), storage)
    corpus, config = loaded.corpus, loaded.record.trial.config
    ((_, found),) = predict_withheld(loaded, [(("text", 100),)], CPU)
    wanted, _ = predict(
        loaded.model,
        corpus.splits["test"],
        make_objective(corpus, config.training),
        config.training.batch_size,
        "fp32",
        change=lambda batch: without_text(batch, corpus.tokenizer),
    )
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-6)


def test_features_of_others_and_states_of_encoders_are_zeros(
    trained: Callable[[str], Record], storage: Path
) -> None:
    corpus = trained_model(trained("emoembs"), storage).corpus
    widths = corpus.manifest.widths
    ours = make_blanks(OWN, None, widths, MODALITIES, CPU).rows
    states = EncoderStates(architecture="wav2vec2", sha256={})
    for recipe, are_zeros in (
        (PublishedFeatures(sha256="0" * 64), MODALITIES),
        (OWN.model_copy(update={"encoders": {"audio": states}}), ("text", "audio")),
    ):
        rows = make_blanks(recipe, None, widths, MODALITIES, CPU).rows
        for modality in MODALITIES:
            zeros = torch.zeros(1, widths[modality])
            wanted = zeros if modality in are_zeros else ours[modality]
            assert torch.equal(rows[modality], wanted)
    assert ours["audio"].any(), "the features of silence"
