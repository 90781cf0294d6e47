"""Pieces of a journal in a bucket: numbered objects, each created once and never changed."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from orchestrator.storage.mirror import NUM_THREADS
from orchestrator.storage.objects import ObjectStore
from reports.ledger.files import write_atomically

COPY_FILE = "journal.copy"
SAVE_EVERY = 256
"""After so many new pieces the copy is saved: so many are read again at most after a kill."""


class Pieces:
    """The pieces of a journal, in their order: `<below>/00000000.jsonl` and so on.

    Whoever adds a piece creates the object after the last one that it knows. So no number is
    missing, no piece replaces another, and each was added by a machine that knew all before it.

    `copy` is a file of this machine that holds the first pieces, so that the next command need not
    read them from the bucket. It is always whole, and it may lack the last pieces.
    """

    def __init__(self, store: ObjectStore, below: str, copy: Path) -> None:
        """Read all pieces that there are.

        Raises:
            OSError: While the store cannot be reached.
        """
        self._store, self._below, self._copy = store, below, copy
        self.known = read_copy(copy)
        if not self._is_copy_of_these():
            self.known = []
        self._num_saved = len(self.known)
        self.read_new()
        self._save(at_least=1)

    def name(self, number: int) -> str:
        """Name the object of a piece."""
        return f"{self._below}/{number:08d}.jsonl"

    def read_new(self) -> None:
        """Add to `known` the pieces that others added since.

        Raises:
            OSError: While the store cannot be reached.
        """
        num_ahead = 1  # nothing is new, most of the time
        while True:
            first = len(self.known)
            found = self._read(range(first, first + num_ahead))
            for content in found:
                if content is None:
                    return
                self.known.append(content)
            self._save(at_least=SAVE_EVERY)
            num_ahead = min(2 * num_ahead, NUM_THREADS)

    def add(self, content: bytes) -> bool:
        """Add a piece after those that are known; return whether no other process did so first.

        If the answer is lost, the next call with the same content tells whether the piece was
        added. So the content must name its writer.

        Raises:
            OSError: While the store cannot be reached.
        """
        if not self._store.create(self.name(len(self.known)), content):
            return False
        self.known.append(content)
        self._save(at_least=SAVE_EVERY)
        return True

    def _read(self, numbers: Iterable[int]) -> list[bytes | None]:
        names = [self.name(number) for number in numbers]
        if len(names) == 1:
            return [self._store.read(names[0])]
        with ThreadPoolExecutor(NUM_THREADS) as pool:
            return list(pool.map(self._store.read, names))

    def _is_copy_of_these(self) -> bool:
        """Whether the copy is of this journal: it may have been removed, and another begun."""
        ends = sorted({0, len(self.known) - 1}) if self.known else []
        return self._read(ends) == [self.known[number] for number in ends] if ends else True

    def _save(self, *, at_least: int) -> None:
        if len(self.known) - self._num_saved < at_least:
            return
        with suppress(OSError):  # a full disk costs the copy, not the search
            write_atomically(self._copy, json.dumps([one.decode() for one in self.known]).encode())
            self._num_saved = len(self.known)


def read_copy(copy: Path) -> list[bytes]:
    """Read the pieces in a machine's copy; none if there is no copy, or if it is damaged."""
    try:
        return [piece.encode() for piece in parse_json(copy.read_bytes(), list[str])]
    except (FileNotFoundError, ParseError):
        return []
