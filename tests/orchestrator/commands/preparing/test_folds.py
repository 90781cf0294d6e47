"""Commands on a corpus with folds: what they say, and what they refuse before anything trains."""

import sys
from pathlib import Path

import pytest
from torch import device

from corpora.batches.corpus import load_corpus
from corpora.recipes.pictures import LE
from corpora.store.folders import recipe_folder
from corpora.store.folds import Folds, write_folds
from corpora.store.manifest import Manifest
from orchestrator.cli import EXIT_BAD_INPUT, main
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.factories import write_study_file


@pytest.fixture
def folded(storage: Path, manifest: Manifest) -> Path:
    """Deal the utterances of the prepared corpus in turn."""
    folder = recipe_folder(storage, CORPUS, LE.name)
    splits = load_corpus(folder, manifest, None, device("cpu")).splits.values()
    names = [name for split in splits for name in split.ids]
    assigned = {name: number % 3 + 1 for number, name in enumerate(names)}
    write_folds(storage, CORPUS, Folds(rule="3", names=("1", "2", "3"), assigned=assigned))
    return storage


def status_of(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["mmer-sweep", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan", "layers", "--no-measure", "--seeds", "auto"), "--seeds auto"),
        (("layers", "--no-measure", "--seeds", "auto"), "--seeds auto"),
        (("layers", "--no-measure", "--seeds", "2", "--control"), "--control"),
        (("layers", "--no-measure", "--seeds", "2", "--vary", "init"), "--vary"),
        (("plan", "architecture", "--trials", "3"), "a search"),
        (("tune", "architecture", "--trials", "3"), "a search"),
    ],
)
def test_what_does_not_go_with_folds_is_refused_before_anything_trains(
    folded: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.delenv("MMER_SWEEP_MEASURE", raising=False)
    place = ("--corpus", CORPUS, "--storage", folded)
    assert status_of(monkeypatch, *arguments, *place) == EXIT_BAD_INPUT
    printed = " ".join(capsys.readouterr().err.split())
    assert f"has 3 folds (3), and {told} does not go with folds yet" in printed
    assert not (folded / "trials").exists()


def test_plan_counts_folds(
    folded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write_study_file(folded / "small.py", max_epochs=1)
    place = ("--corpus", CORPUS, "--storage", folded, "--no-measure")
    assert status_of(monkeypatch, "plan", study, *place) == 0
    assert "12 rows x seeds x folds are 12 trials" in capsys.readouterr().out


def test_show_tells_the_folds(
    folded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(monkeypatch, "show", CORPUS, "--samples", "0", "--storage", folded) == 0
    assert "3 folds (3) of 36 utterances: 1 12, 2 12, 3 12." in capsys.readouterr().out
