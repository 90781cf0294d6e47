"""With a bucket, only what can be fetched or made again goes, and only on this machine."""

import shutil
from pathlib import Path

import pytest

from corpora.recipes.pictures import LE
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.corpora import fetch_corpus, publish_corpus
from orchestrator.storage.publish import locate_place
from orchestrator.storage.trials import fetch_model, publish_epoch, publish_trial
from orchestrator.upkeep.at_work import AtWork
from orchestrator.upkeep.garbage import GarbageKind, Wanted, find_garbage
from orchestrator.upkeep.removal import remove
from orchestrator.upkeep.usage import measure_usage
from reports.ledger.ledger import MODEL_FILE, Ledger
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.upkeep.factories import finish, leave_checkpoint
from tests.reports.factories import make_trial


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: str) -> Path:
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "cache"))
    return locate_place(bucket)


def collect(mirror: Path, *kinds: GarbageKind) -> list[str]:
    done = remove(find_garbage(mirror, Wanted(kinds)), mirror, AtWork(mirror))
    return [one.what for one in done.removed]


def test_model_goes_only_if_the_bucket_has_it_and_comes_again(mirror: Path, bucket: str) -> None:
    record = finish(mirror, make_trial(), model=b"a model")
    path = Ledger(mirror).folder(record.key) / MODEL_FILE
    assert collect(mirror, "models") == []
    publish_trial(mirror, record)
    fetch_model(mirror, record)
    before = BucketStore(bucket).names("")
    assert collect(mirror, "models") == [f"model of {record.key}"]
    assert not path.exists()
    assert BucketStore(bucket).names("") == before
    fetch_model(mirror, record)
    assert path.read_bytes() == b"a model"


def test_checkpoint_of_an_unknown_trial_goes_only_if_the_bucket_has_it(mirror: Path) -> None:
    key = "0" * 24
    path = leave_checkpoint(mirror, key)
    assert collect(mirror, "checkpoints") == []
    publish_epoch(mirror, key)
    assert collect(mirror, "checkpoints") == [f"checkpoint of {key}"]
    assert not path.exists()


def test_corpus_goes_but_for_its_manifest_and_comes_again(
    mirror: Path, prepared: Path, manifest: Manifest
) -> None:
    shutil.copytree(prepared / "corpora", mirror / "corpora")
    publish_corpus(mirror, manifest)
    assert collect(mirror, "corpora") == [f"corpora/{CORPUS}/{LE.name}"]
    folder = recipe_folder(mirror, CORPUS, LE.name)
    assert list(folder.glob("*.arrow")) == []
    fetch_corpus(mirror, CORPUS, LE.name, manifest.fingerprint)
    assert len(list(folder.glob("*.arrow"))) == len(manifest.splits)


def test_usage_tells_mirror_and_bucket_apart(mirror: Path, bucket: str) -> None:
    publish_trial(mirror, finish(mirror, make_trial(), model=b"a model"))
    usage = measure_usage(mirror)
    by_kind = {one.kind: one for one in usage.kinds}
    assert usage.bucket == bucket
    assert (by_kind["models"].num_bytes, by_kind["models"].bucket_bytes) == (0, len(b"a model"))
    assert by_kind["records"].bucket_bytes == by_kind["records"].num_bytes
