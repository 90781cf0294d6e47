"""Where Optuna keeps a search: a journal of lines, whole after any kill."""

import json
import os
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from reports.ledger.ledger import LedgerError
from reports.ledger.locks import locked


class _Backend(JournalFileBackend):
    """Optuna's file, with a lock that the system releases when a process dies.

    Optuna's own lock would stay for half a minute, and a line that a full disk cut off for good.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add lines, safe on disk."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with locked(self._path.with_suffix(".lock")):
            _cut_torn_line(self._path)
            with self._path.open("ab") as file:
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())


def open_journal(path: Path) -> JournalStorage:
    """Open the journal of a search, or begin one.

    Raises:
        LedgerError: If it is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return JournalStorage(_Backend(path))
    except (KeyError, ValueError) as error:
        raise LedgerError(
            f"journal '{path}' is damaged: {error}; move its folder away to begin anew: "
            "finished trials stay in the ledger"
        ) from error


def _cut_torn_line(path: Path) -> None:
    """Remove a line that was not written to its end: the next one would be glued to it."""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
