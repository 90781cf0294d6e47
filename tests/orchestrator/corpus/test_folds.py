from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.errors import CorpusError
from corpora.source.utterance import Source
from corpora.store.folds import folds_file, read_folds
from corpora.store.manifest import Manifest
from orchestrator.corpus.folds import choose_folds, store_folds
from orchestrator.corpus.view import print_cautions, print_manifests
from tests.corpora.fold_factory import spoken_lines
from tests.corpora.media_factory import write_clip_folder, write_sound


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return read_clips(write_clip_folder(tmp_path / "clips", spoken_lines(per_split=4)))


def prepared(source: Source, storage: Path) -> list[Manifest]:
    return list(prepare(source, [LE], name="mine", storage=storage).values())


def dealt(rule: str | None, source: Source, storage: Path) -> str:
    """Deal and store as the command does; return what it prints."""
    console = Console(width=200)
    with console.capture() as capture:
        folds = choose_folds(source, rule, "mine", storage, console)
        store_folds(folds, prepared(source, storage), source, "mine", storage)
    return capture.get()


def test_folds_stay_until_they_are_taken_away(source: Source, tmp_path: Path) -> None:
    assert dealt("speakers", source, tmp_path) == ""
    folds = read_folds(tmp_path, "mine")
    assert folds is not None
    before = prepared(source, tmp_path)
    assert dealt(None, source, tmp_path) == "corpus 'mine' keeps its 3 folds (speakers)\n"
    assert read_folds(tmp_path, "mine") == folds
    assert prepared(source, tmp_path) == before  # folds are no part of the fingerprint
    assert dealt("none", source, tmp_path) == ""
    assert read_folds(tmp_path, "mine") is None
    assert dealt(None, source, tmp_path) == ""


def test_folds_that_do_not_fit_the_source_any_more_are_told(source: Source, tmp_path: Path) -> None:
    dealt("speakers", source, tmp_path)
    new = replace(source.utterances[0], id="new")
    grown = replace(source, utterances=(*source.utterances, new), digest="grown")
    with pytest.raises(CorpusError, match=r"'new' and 0 others are in no fold.*--folds speakers"):
        dealt(None, grown, tmp_path)
    dealt("speakers", grown, tmp_path)


def test_wrong_rule_leaves_the_folds_and_prepares_nothing(source: Source, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="kind 'clips' has no sessions"):
        dealt("sessions", source, tmp_path)
    assert not (tmp_path / "corpora").exists()


def test_fold_that_rejects_leave_without_an_emotion_is_told_and_not_stored(tmp_path: Path) -> None:
    lines = spoken_lines(per_split=4)
    (tmp_path / "clips").mkdir()
    heard = write_sound(tmp_path / "clips" / "heard.wav").name  # without video: rejected
    lines = [
        line | ({"file": heard} if line["speaker"] == "bob" and line["happy"] else {})
        for line in lines
    ]
    source = read_clips(write_clip_folder(tmp_path / "clips", lines))
    with pytest.raises(CorpusError, match=r"fold 'bob' has no positive of the emotion 'happy'"):
        dealt("speakers", source, tmp_path)
    assert not folds_file(tmp_path, "mine").exists()


def test_leaks_are_those_of_the_folds(source: Source, tmp_path: Path) -> None:
    dealt("speakers", source, tmp_path)
    folds, console = read_folds(tmp_path, "mine"), Console(width=300)
    with console.capture() as capture:
        print_manifests(prepared(source, tmp_path), console, folds)
        print_cautions("mine", tmp_path, ["le"], console)
    told = capture.get()
    assert "3 folds (speakers) of 12 utterances: ann 4, bob 4, cy 4." in told
    assert "LEAK" not in told
    again = [replace(u, group=f"d{n // 4}") for n, u in enumerate(source.utterances)]
    dealt("dialogues", replace(source, utterances=tuple(again)), tmp_path)
    with console.capture() as capture:
        print_cautions("mine", tmp_path, ["le"], console)
    assert capture.get() == "corpus 'mine': LEAK: 3 speakers are in several folds\n"
