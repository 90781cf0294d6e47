"""The journal in which Optuna keeps a search: lines that stay intact after any kill."""

import json
import os
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from reports.ledger.ledger import LedgerError
from reports.ledger.locks import locked


class _Backend(JournalFileBackend):
    """Optuna's file backend, with a lock that the system releases when a process dies.

    Optuna's own lock would stay for half a minute. Optuna would also never remove an incomplete
    line, which a full disk may leave.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add lines; return when they are safe on disk."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with locked(self._path.with_suffix(".lock")):
            _cut_torn_line(self._path)
            with self._path.open("ab") as file:
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())


def open_journal(path: Path) -> JournalStorage:
    """Open the journal of a search; create it if it does not exist.

    Raises:
        LedgerError: If the journal is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return JournalStorage(_Backend(path))
    except (KeyError, ValueError) as error:
        raise LedgerError(
            f"journal '{path}' is damaged: {error}; move its folder away to start the search "
            "again: finished trials stay in the ledger"
        ) from error


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
