from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.bucket import BucketStore
from orchestrator.mirrored_files import mirror_of
from orchestrator.object_store import FolderStore, ObjectStore, store_of


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Give an empty store of each kind: the tests are what both promise."""
    if request.param == "folder":
        return FolderStore(tmp_path / "place")
    return BucketStore(f"{request.getfixturevalue('bucket')}/place")


def test_store_of_a_mirror_is_its_bucket(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path))
    mirror = mirror_of(f"{bucket}/place")
    store_of(mirror.folder).write("a", b"1")
    assert BucketStore(f"{bucket}/place").read("a") == b"1"
    assert not (mirror.folder / "a").exists()
    store_of(tmp_path).write("a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"


def test_file_is_read_as_it_was_written(store: ObjectStore) -> None:
    store.write("a/b", b"old")
    store.write("a/b", b"new")
    assert store.read("a/b") == b"new"


def test_missing_file_reads_as_none_and_is_removed_without_complaint(store: ObjectStore) -> None:
    assert store.read("a") is None
    store.remove("a")


def test_file_is_created_once(store: ObjectStore) -> None:
    assert store.create("a/b", b"first")
    assert not store.create("a/b", b"second")
    assert store.read("a/b") == b"first"


def test_of_many_who_create_a_file_at_once_one_does(store: ObjectStore) -> None:
    with ThreadPoolExecutor(32) as pool:
        created = list(pool.map(lambda n: store.create("a", str(n).encode()), range(64)))
    assert sum(created) == 1
    assert store.read("a") == str(created.index(True)).encode()


def test_names_are_those_below_a_folder(store: ObjectStore) -> None:
    for name in ("b/2", "b/1/x", "c"):
        store.write(name, b"")
    assert store.names("b") == ["b/1/x", "b/2"]
    store.remove("b/2")
    assert store.names("b") == ["b/1/x"]
    assert store.names("nothing") == []
