"""Notes of what an MLflow has, so that a sweep with nothing new need not ask it.

A note is a small file for each study, named by MLflow's address: digests of the plan with the
records, and of the tables, and the place of the study's run. It is a cache. A database file is also
looked into: runs that somebody deleted there are missed. If they are deleted on a server,
`mmer-sweep sync --all` makes them again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from orchestrator.addresses.address import database_of
from orchestrator.addresses.database import finished_keys
from orchestrator.addresses.pages import RunPlace
from orchestrator.addresses.spool import is_waiting, spool_folder
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import EXPERIMENT
from orchestrator.tracking.content import sha256_of_all, study_key, tables_of
from reports.ledger.files import write_atomically
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.planned import Planned

NOTES_FOLDER = "mlflow-delivered"


class _Note(NamedTuple):
    """The content of a note; all is empty if there is none, or if an older version wrote it."""

    trials: str
    tables: str
    place: str


class DeliveredNotes:
    """What one MLflow has of the studies of a storage folder."""

    def __init__(self, storage: Path, tracking_uri: str) -> None:
        self._storage = storage
        self._tracking_uri = tracking_uri
        self._ledger = Ledger(storage)

    def have(self, planned: Iterable[Planned]) -> bool:
        """Whether all trials of studies are finished, and MLflow has them and waits for nothing."""
        if is_waiting(self._storage, self._tracking_uri):
            return False
        database = database_of(self._tracking_uri)
        kept = None if database is None else finished_keys(database, EXPERIMENT)
        return all(self._has(one, kept) for one in planned)

    def _has(self, planned: Planned, kept: set[str] | None) -> bool:
        digest = self.digest_of_trials(planned)
        if digest is None or digest != self._read(planned).trials:
            return False
        return kept is None or kept >= {study_key(planned), *_keys_of(planned)}

    def has_tables(self, planned: Planned) -> bool:
        """Whether MLflow has the tables of a study as they are now."""
        return self.digest_of_tables(planned) == self._read(planned).tables

    def place(self, planned: Planned) -> RunPlace | None:
        """Return where the run of a study is that MLflow has; None if it has not all of it."""
        place = self._read(planned).place
        return RunPlace(*place.split("/")) if place else None

    def note(
        self,
        planned: Planned,
        digest_of_trials: str | None,
        digest_of_tables: str,
        place: RunPlace,
    ) -> None:
        """Note that MLflow has a study as it was when it had these digests."""
        if digest_of_trials is not None:
            note = _Note(digest_of_trials, digest_of_tables, "/".join(place))
            write_atomically(self._file(planned), "".join(f"{part}\n" for part in note).encode())

    def digest_of_trials(self, planned: Planned) -> str | None:
        """Hash the plan and all records of a study; None unless all its trials are finished."""
        digest = hashlib.sha256(planned.model_dump_json().encode())
        for key in sorted(_keys_of(planned)):
            try:
                record = (self._ledger.folder(key) / RECORD_FILE).read_bytes()
            except OSError:
                return None
            digest.update(hashlib.sha256(record).digest())
        return digest.hexdigest()

    def digest_of_tables(self, planned: Planned) -> str:
        """Hash the tables that are mirrored."""
        place = (planned.study.name, planned.corpus, planned.scale)
        return sha256_of_all(tables_of(tables_folder(self._storage, *place)))

    def _read(self, planned: Planned) -> _Note:
        try:
            return _Note(*self._file(planned).read_text(encoding="utf-8").split())
        except (OSError, TypeError, ValueError):  # none, or damaged, or without a place
            return _Note("", "", "")

    def _file(self, planned: Planned) -> Path:
        address = spool_folder(self._storage, self._tracking_uri).name
        place = f"{planned.corpus}-{planned.scale}"
        return self._storage / NOTES_FOLDER / address / planned.study.name / place


def _keys_of(planned: Planned) -> set[str]:
    return set(planned.rows_by_key)
