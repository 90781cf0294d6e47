"""What is shown beside a prediction: what the model read, and what changes it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from corpora.batches.batch import Batch
from corpora.batches.single_clip import ClipReader, whole_file
from corpora.features.sources import NO_FEATURE_SOURCES
from corpora.media.segments import NoMedia, SoundSegment
from corpora.recipes.pictures import LE
from corpora.source.errors import CorpusError
from corpora.source.utterance import Utterance
from corpora.store.prepared import read_manifest
from models.configs.base import Modality
from orchestrator.kept_models.clips import evidence
from orchestrator.kept_models.clips.evidence import gather
from orchestrator.kept_models.clips.predictor import Predictor
from orchestrator.kept_models.clips.spoken import SpokenClip
from orchestrator.trial.kept_model import read_kept_model
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.prediction.content import ClipContent
from search_spaces.study import RowRef
from tests.corpora.media_factory import write_video
from tests.models.own.own_files import wrap, write_own_files
from tests.orchestrator.kept_models.predictors import (
    CORPUS,
    CPU,
    WEIGHT_KINDS,
    loaded,
    of_every_kind,
    with_model,
)

ROWS = [RowRef("small", "shallow")]
TEXT = "what a day"
ATTENTION = {
    "le": ["le2023-fusion-attention"],
    "xia": ["xia2022-bottleneck-attention", "xia2022-sem-attention"],
}


def gathered(record: Record, storage: Path, text: str = TEXT) -> ClipContent:
    predictor = loaded(record, storage)
    clip = SpokenClip(storage / "clips" / "clip.mp4", text, "--text")
    return gather(predictor, predictor.watch(clip), ROWS)


def lacking(utterance: Utterance, modality: Modality, folder: Path) -> Utterance:
    """Copy an utterance without a text, without pictures, or without sound."""
    match modality:
        case "text":
            return replace(utterance, text="")
        case "vision":
            return replace(utterance, pictures=NoMedia())
        case "audio":
            silent = write_video(folder / "silent.mp4", sound_hz=None)
            return replace(utterance, sound=SoundSegment(silent, 0.0, utterance.duration_s))


@of_every_kind
def test_what_is_shown_is_what_is_predicted(
    system: str, trained: Callable[[str], Record], storage: Path
) -> None:
    record = trained(system)
    content = gathered(record, storage)
    clip = SpokenClip(storage / "clips" / "clip.mp4", TEXT, "--text")
    assert content.prediction == loaded(record, storage).predict(clip)
    assert (content.prediction.weights is not None) == (system in WEIGHT_KINDS)
    assert (len(content.faces) > 0) == (system in {"le", "le_gated", "xia", "mesm"})
    assert content.num_faces in {0, content.prediction.num_frames}
    assert content.seen.wave is not None


@of_every_kind
def test_without_a_modality_is_what_a_clip_without_it_gives(
    system: str, trained: Callable[[str], Record], storage: Path, tmp_path: Path
) -> None:
    record = trained(system)
    whole = whole_file(storage / "clips" / "clip.mp4", TEXT)
    predictor = loaded(record, storage)
    content = gathered(record, storage)
    assert [one.modality for one in content.without] == list(record.trial.config.model.modalities)
    for one in content.without:
        bare = predictor.predict_utterance(lacking(whole, one.modality, tmp_path))
        wanted = {each.emotion: each.probability for each in bare.decisions}
        assert one.values == pytest.approx(wanted, abs=1e-5)
        assert one.present == {each.emotion: each.present for each in bare.decisions}


@of_every_kind
def test_attention_is_drawn_where_the_system_has_it(
    system: str, trained: Callable[[str], Record], storage: Path
) -> None:
    content = gathered(trained(system), storage)
    assert [each.name for each in content.drawings] == ATTENTION.get(system, [])
    assert all(f"while it reads clip.mp4: '{TEXT}'" in each.caption for each in content.drawings)
    assert (len(content.notes) > 0) == (system not in ATTENTION)


def test_model_of_one_modality_shows_nothing_else(
    trained: Callable[[str], Record], storage: Path
) -> None:
    content = gathered(trained("le_audio"), storage)
    assert (content.seen.frames, content.faces, content.tokens, content.without) == ((),) * 4
    assert content.seen.wave is not None
    assert content.notes[0] == "this model reads only audio: nothing is left without it"
    of_text = gathered(trained("le_text"), storage)
    assert len(of_text.tokens) == len(TEXT.split()) + 2
    assert (of_text.tokens[0], of_text.tokens[-1]) == ("[CLS]", "[SEP]")
    assert of_text.seen.wave is None


def test_attention_to_many_steps_is_not_drawn_and_it_is_said(
    record: Record, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MAX_STEPS", 5)
    content = gathered(record, storage)
    assert content.drawings == ()
    assert "are more than a picture shows (5); cut the clip" in content.notes[0]


def test_many_faces_are_thinned_out_and_counted(
    record: Record, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = gathered(record, storage)
    monkeypatch.setattr(evidence, "MAX_FACES", 1)
    few = gathered(record, storage)
    assert (len(few.faces), few.num_faces) == (1, every.num_faces)
    assert every.num_faces > 1


@pytest.fixture
def own(record: Record, storage: Path, tmp_path: Path) -> Predictor:
    """Load a model, and say that it is of a user's own system."""
    manifest, ledger = read_manifest(storage, CORPUS, LE.name), Ledger(storage)
    _, tokenizer = read_kept_model(ledger, record)
    reader = ClipReader(manifest.recipe, NO_FEATURE_SOURCES, tokenizer, CPU)
    model = loaded(record, storage).trained.model
    return Predictor(
        with_model(record, wrap(write_own_files(tmp_path))), model, reader, tokenizer, CPU
    )


def test_users_model_that_fails_without_a_modality_is_told_on_the_page(
    own: Predictor, storage: Path
) -> None:
    def fail(_model: nn.Module, inputs: tuple[Batch]) -> None:
        if not inputs[0].mels.any():
            raise ZeroDivisionError("no sound")

    own.trained.model.register_forward_pre_hook(fail)
    watched = own.watch(SpokenClip(storage / "clips" / "clip.mp4", TEXT, "--text"))
    content = gather(own, watched, ROWS)
    assert content.without == ()
    assert "' fails: ZeroDivisionError: no sound" in content.notes[0]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (ZeroDivisionError("of nothing"), "cannot be used: .* fails: ZeroDivisionError: of noth"),
        (MemoryError(), "does not fit into the memory that is free here; .* shorter clips"),
    ],
    ids=["fails", "memory"],
)
def test_clip_on_which_a_users_model_fails_is_named(
    fault: Exception, message: str, own: Predictor, storage: Path
) -> None:
    def fail(_model: nn.Module, _inputs: tuple[Batch]) -> None:
        raise fault

    own.trained.model.register_forward_pre_hook(fail)
    for read in (own.predict, own.watch):
        with pytest.raises(CorpusError, match=f"clip.mp4' {message}"):
            read(SpokenClip(storage / "clips" / "clip.mp4", TEXT, "--text"))
