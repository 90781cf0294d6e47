"""A journal in a folder that all processes see: lines that stay intact after any kill."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from orchestrator.search.journal.journal import Outcome
from reports.ledger.ledger import LedgerError
from reports.ledger.locks import locked
from reports.ledger.search_result import JOURNAL_FILE

LOCK_FILE = "asking.lock"

CURE = "move its folder away to start the search again: finished trials stay in the ledger"


@contextmanager
def telling_damage(place: str, cure: str) -> Iterator[None]:
    """Turn what Optuna raises where lines of a journal make no sense into one error.

    Raises:
        LedgerError: If they make none.
        OSError: If the journal cannot be reached.
    """
    try:
        yield
    except (LedgerError, OSError):
        raise
    except Exception as error:  # Optuna applies the lines as they are, and so fails in any way
        told = str(error) or type(error).__name__
        raise LedgerError(f"journal '{place}' is damaged: {told}; {cure}") from error


class FileJournal:
    """The journal of a search in its folder."""

    def __init__(self, folder: Path) -> None:
        """Open a journal; create it if it does not exist.

        Raises:
            LedgerError: If the journal is damaged.
        """
        self.name, self.place = folder.name, str(folder)
        self._lock = folder / LOCK_FILE
        path = folder / JOURNAL_FILE
        folder.mkdir(parents=True, exist_ok=True)
        with telling_damage(str(path), CURE):
            self.backend = _Backend(path)
            self.storage = JournalStorage(self.backend)

    def alone(self, act: Callable[[JournalStorage], Outcome]) -> Outcome:
        """Do what no two processes may do at once: others wait."""
        with locked(self._lock):
            return act(self.storage)


class _Backend(JournalFileBackend):
    """Optuna's file backend, with a lock that the system releases when a process dies.

    Optuna's own lock would stay for half a minute. Optuna would also never remove an incomplete
    line, which a full disk may leave.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """Return the lines from a number on.

        Raises:
            LedgerError: If a line is damaged.
        """
        with telling_damage(str(self._path), CURE):
            yield from super().read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add lines; return when they are safe on disk."""
        with locked(self._path.with_suffix(".lock")):
            _cut_torn_line(self._path)
            with self._path.open("ab") as file:
                file.write(to_lines(logs))
                file.flush()
                os.fsync(file.fileno())


def to_lines(logs: Sequence[dict[str, Any]]) -> bytes:
    """Write lines of a journal as Optuna's file backend does."""
    return "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()


def _cut_torn_line(path: Path) -> None:
    """Remove an incomplete last line: else the next line would be appended to it."""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
