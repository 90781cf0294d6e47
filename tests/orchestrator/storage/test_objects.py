import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.storage import bucket as bucket_module
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.mirror import mirror_of
from orchestrator.storage.objects import FolderStore, ObjectStore, store_of
from tests.bucket_server import BucketServer


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


def test_call_to_a_bucket_that_is_silent_ends_soon(
    bucket: str, server: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "SILENCE_S", 1)
    store, file = BucketStore(bucket), tmp_path / "file"
    store.write("a", b"1")  # connects
    file.write_bytes(b"1")

    def seconds_of(call: Callable[[], object]) -> float:
        start = time.monotonic()
        with pytest.raises(OSError, match="timeout"):
            call()
        return time.monotonic() - start

    calls: list[Callable[[], object]] = [
        lambda: store.read("a"),
        lambda: store.version("a"),
        lambda: store.names(""),
        lambda: store.write("a", b"2"),
        lambda: store.create("b", b"1"),
        lambda: store.upload(file, "b"),
        lambda: store.download("a", tmp_path / "other"),
    ]
    with server.silent(), ThreadPoolExecutor(len(calls)) as pool:
        took = list(pool.map(seconds_of, calls))
    assert min(took) > 1
    assert max(took) < 8  # at most three seconds, on a busy machine
