"""The folds of a corpus on machines that share a bucket, and in a folder that mirrors none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.store.folds import Folds, folds_file, read_folds, write_folds
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.corpora import fetch_folds, publish_folds
from orchestrator.storage.publish import locate_place

FOLDS = Folds(rule="3", names=("1", "2", "3"), assigned={"a": 1, "b": 2, "c": 3})
OTHERS = Folds(rule="4", names=("1", "2", "3"), assigned={"a": 3, "b": 2, "c": 1})


@pytest.fixture
def on(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Give what starts a command on a machine: returns the storage folder that it works on."""

    def start(machine: str) -> Path:
        monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / machine))
        return locate_place(bucket)

    return start


def publish(storage: Path, folds: Folds, *, replaces: bool = True) -> None:
    write_folds(storage, "mine", folds)
    publish_folds(storage, "mine", replaces=replaces)


def test_folds_are_known_on_every_machine_when_a_command_starts(
    on: Callable[[str], Path],
) -> None:
    publish(on("preparing"), FOLDS)
    assert read_folds(on("other"), "mine") == FOLDS


def test_worker_that_runs_fetches_folds_that_are_dealt_anew(on: Callable[[str], Path]) -> None:
    publish(on("preparing"), FOLDS)
    worker = on("worker")
    publish(on("preparing"), OTHERS)
    assert read_folds(worker, "mine") == FOLDS
    fetch_folds(worker, "mine")
    assert read_folds(worker, "mine") == OTHERS


def test_folds_that_were_not_published_replace_none(on: Callable[[str], Path], bucket: str) -> None:
    publish(on("killed"), FOLDS, replaces=False)
    assert BucketStore(bucket).names("corpora") == ["corpora/mine/folds.json"]
    publish(on("another"), OTHERS, replaces=False)
    assert read_folds(on("third"), "mine") == FOLDS


def test_folds_that_are_taken_away_are_gone_everywhere(
    on: Callable[[str], Path], bucket: str
) -> None:
    preparing = on("preparing")
    publish(preparing, FOLDS)
    other = on("other")
    folds_file(preparing, "mine").unlink()
    publish_folds(preparing, "mine", replaces=False)
    assert BucketStore(bucket).names("corpora")
    publish_folds(preparing, "mine", replaces=True)
    assert not BucketStore(bucket).names("corpora")
    fetch_folds(other, "mine")
    assert read_folds(other, "mine") is None


def test_folder_that_mirrors_nothing_keeps_its_folds(tmp_path: Path) -> None:
    publish(tmp_path, FOLDS)
    fetch_folds(tmp_path, "mine")
    assert read_folds(tmp_path, "mine") == FOLDS
