from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.search.journal.objects import COPY_FILE, SAVE_EVERY, Pieces, read_copy
from orchestrator.storage.objects import FolderStore


class CountingStore(FolderStore):
    """A folder that counts how often each of its files was read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.num_read: Counter[str] = Counter()

    def read(self, name: str) -> bytes | None:
        self.num_read[name] += 1
        return super().read(name)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path / "bucket")


def opened(store: FolderStore, copy: Path) -> Pieces:
    return Pieces(store, "journal", copy / COPY_FILE)


def add(pieces: Pieces, contents: Sequence[int]) -> None:
    for content in contents:
        assert pieces.add(b"%d" % content)


def test_pieces_are_numbered_in_their_order(store: CountingStore, tmp_path: Path) -> None:
    pieces = opened(store, tmp_path)
    add(pieces, range(3))
    assert store.names("journal") == [f"journal/0000000{number}.jsonl" for number in range(3)]
    assert opened(store, tmp_path / "other").known == [b"0", b"1", b"2"]


def test_piece_is_not_added_by_who_does_not_know_the_last(
    store: CountingStore, tmp_path: Path
) -> None:
    ours, theirs = (opened(store, tmp_path / name) for name in ("ours", "theirs"))
    add(theirs, [1])
    assert not ours.add(b"2")
    assert ours.known == []
    ours.read_new()
    add(ours, [2])
    theirs.read_new()
    assert theirs.known == ours.known == [b"1", b"2"]


@pytest.mark.parametrize("num", [0, 1, 2, 3, 47, 48, 200])
def test_all_that_is_new_is_read_in_order(store: CountingStore, tmp_path: Path, num: int) -> None:
    ours, theirs = (opened(store, tmp_path / name) for name in ("ours", "theirs"))
    add(theirs, range(num))
    ours.read_new()
    assert ours.known == theirs.known
    assert len(ours.known) == num


def test_next_command_reads_only_what_its_machine_has_not_seen(
    store: CountingStore, tmp_path: Path
) -> None:
    add(opened(store, tmp_path / "theirs"), range(100))
    opened(store, tmp_path / "ours")
    store.num_read.clear()
    assert len(opened(store, tmp_path / "ours").known) == 100
    assert [*store.num_read] == [f"journal/{number:08d}.jsonl" for number in (0, 99, 100)]


def test_copy_grows_while_pieces_are_added(store: CountingStore, tmp_path: Path) -> None:
    """So that a machine that is killed reads few pieces again."""
    add(opened(store, tmp_path), range(SAVE_EVERY + 10))
    assert len(read_copy(tmp_path / COPY_FILE)) == SAVE_EVERY
    assert len(opened(store, tmp_path).known) == SAVE_EVERY + 10


def test_copy_of_a_journal_that_was_begun_anew_is_not_used(
    store: CountingStore, tmp_path: Path
) -> None:
    add(opened(store, tmp_path / "ours"), range(3))
    assert len(opened(store, tmp_path / "ours").known) == 3
    for name in store.names("journal"):
        store.remove(name)
    assert opened(store, tmp_path / "ours").known == []
    add(opened(store, tmp_path / "theirs"), [7])
    assert opened(store, tmp_path / "ours").known == [b"7"]


@pytest.mark.parametrize("content", [b"", b"{", b'["0", 1]', b'["0", "'])
def test_damaged_copy_is_read_from_the_bucket_again(
    store: CountingStore, tmp_path: Path, content: bytes
) -> None:
    add(opened(store, tmp_path), range(3))
    (tmp_path / COPY_FILE).write_bytes(content)
    assert opened(store, tmp_path).known == [b"0", b"1", b"2"]
