"""Storage that is copied: a bucket into another, a mirror into a folder, a folder into a bucket."""

import shutil
from pathlib import Path

import pytest

from corpora.recipes.pictures import LE
from corpora.store.folders import recipe_folder
from corpora.store.prepared import read_manifest
from corpora.store.splits import check_splits
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.corpora import fetch_corpus, publish_corpus
from orchestrator.storage.mirror import mirror_at, place_of
from orchestrator.storage.publish import locate_place
from orchestrator.storage.trials import fetch_model, has_model, publish_trial
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.factories import TRAINED_FOR, small_trial


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def folder(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a storage folder with a corpus and a trained trial that kept its model."""
    storage = tmp_path_factory.mktemp("copies") / "storage"
    shutil.copytree(prepared / "corpora", storage / "corpora")
    trial = small_trial(read_manifest(storage, CORPUS, LE.name), max_epochs=1)
    run_trial(trial, storage, trained_for=TRAINED_FOR)
    return storage


def record_in(storage: Path) -> Record:
    (record,) = Ledger(storage).records()
    return record


def published(folder: Path, place: str) -> Path:
    """Put what a folder holds into a bucket, as who trained it does; return the mirror."""
    mirror = locate_place(place)
    shutil.copytree(folder, mirror, dirs_exist_ok=True)
    publish_corpus(mirror, read_manifest(mirror, CORPUS, LE.name))
    publish_trial(mirror, record_in(mirror))
    return mirror


def contents(place: str) -> dict[str, bytes]:
    store = BucketStore(place)
    found = {name: store.read(name) for name in store.names("")}
    return {name: content for name, content in found.items() if content is not None}


def check_complete(storage: Path, record: Record) -> None:
    """Check that all that a storage holds can be used."""
    assert record_in(storage) == record
    assert Ledger(storage).predictions(record)["test"].ids.size
    assert has_model(storage, record)
    fetch_model(storage, record)
    read_kept_model(Ledger(storage), record)
    manifest = read_manifest(storage, CORPUS, LE.name)
    fetch_corpus(storage, CORPUS, LE.name, manifest.fingerprint)
    check_splits(recipe_folder(storage, CORPUS, LE.name), manifest, list(manifest.splits))


def test_bucket_that_was_copied_into_another_is_whole(folder: Path, bucket: str) -> None:
    published(folder, f"{bucket}/first")
    first = contents(f"{bucket}/first")
    for name, content in first.items():
        BucketStore(f"{bucket}/second").write(name, content)
    second = locate_place(f"{bucket}/second")
    assert place_of(second) == f"{bucket}/second"
    check_complete(second, record_in(folder))
    assert contents(f"{bucket}/first") == contents(f"{bucket}/second") == first


def test_folder_that_was_copied_into_a_bucket_is_whole(folder: Path, bucket: str) -> None:
    for path in (path for path in folder.rglob("*") if path.is_file()):
        BucketStore(bucket).write(path.relative_to(folder).as_posix(), path.read_bytes())
    mirror = locate_place(bucket)
    check_complete(mirror, record_in(folder))


@pytest.mark.parametrize("way", ["copied", "moved"])
def test_mirror_that_leaves_its_place_is_a_plain_folder(
    way: str, folder: Path, bucket: str, tmp_path: Path
) -> None:
    """Else what is trained in it would go into the bucket."""
    mirror = published(folder, bucket)
    fetch_model(mirror, record_in(mirror))
    if way == "copied":
        shutil.copytree(mirror, tmp_path / "own")
    else:
        shutil.move(mirror, tmp_path / "own")
    before = contents(bucket)
    assert mirror_at(tmp_path / "own") is None
    assert place_of(tmp_path / "own") == str(tmp_path / "own")
    check_complete(tmp_path / "own", record_in(folder))
    record = record_in(folder)
    publish_trial(tmp_path / "own", record)
    shutil.rmtree(Ledger(tmp_path / "own").folder(record.key))
    assert contents(bucket) == before
    assert record_in(locate_place(bucket)) == record


def test_mirror_is_one_wherever_the_cache_folder_was_moved(
    folder: Path, bucket: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(folder, bucket)
    shutil.move(cache, tmp_path / "elsewhere")
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "elsewhere"))
    assert place_of(locate_place(bucket)) == bucket
    (tmp_path / "link").symlink_to(locate_place(bucket))
    assert place_of(tmp_path / "link") == bucket
