"""Notes of what an MLflow has, so that a sweep with nothing new need not ask it.

A note is a small file for each study or search, named by MLflow's address: digests of the plan with
the records, or of the search's result, and of the tables, and the place of the run. It is a cache.
A database file is also looked into: runs that somebody deleted there are missed. If they are
deleted on a server, `mmer-sweep sync --all` makes them again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from orchestrator.addresses.address import database_of
from orchestrator.addresses.database import finished_keys
from orchestrator.addresses.pages import RunPlace
from orchestrator.addresses.spool import Mirrored, is_waiting, spool_folder
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import EXPERIMENT
from orchestrator.tracking.content import sha256_of_all, study_key, tables_of
from orchestrator.tracking.searches.content import candidate_key, files_of_search, search_key
from reports.ledger.files import write_atomically
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.planned import Planned
from reports.ledger.search_result import SearchResult

NOTES_FOLDER = "mlflow-delivered"


class _Note(NamedTuple):
    """The content of a note; all is empty if there is none, or if an older version wrote it."""

    trials: str
    tables: str
    place: str


class DeliveredNotes:
    """What one MLflow has of the studies and searches of a storage folder."""

    def __init__(self, storage: Path, tracking_uri: str) -> None:
        self._storage = storage
        self._tracking_uri = tracking_uri
        self._ledger = Ledger(storage)

    def have(self, mirrored: Iterable[Mirrored]) -> bool:
        """Whether all trials have ended, and MLflow has them and waits for nothing."""
        if is_waiting(self._storage, self._tracking_uri):
            return False
        database = database_of(self._tracking_uri)
        kept = None if database is None else finished_keys(database, EXPERIMENT)
        return all(self._has(one, kept) for one in mirrored)

    def _has(self, one: Mirrored, kept: set[str] | None) -> bool:
        digest = self.digest_of_trials(one)
        if digest is None or digest != self._read(one).trials:
            return False
        return kept is None or kept >= _keys_of_finished(one)

    def has_tables(self, one: Mirrored) -> bool:
        """Whether MLflow has the tables as they are now."""
        return self.digest_of_tables(one) == self._read(one).tables

    def place(self, one: Mirrored) -> RunPlace | None:
        """Return where the run is that MLflow has; None if it has not all of it."""
        place = self._read(one).place
        return RunPlace(*place.split("/")) if place else None

    def note(
        self, one: Mirrored, digest_of_trials: str | None, digest_of_tables: str, place: RunPlace
    ) -> None:
        """Note that MLflow has a study or a search as it was when it had these digests."""
        if digest_of_trials is not None:
            note = _Note(digest_of_trials, digest_of_tables, "/".join(place))
            write_atomically(self._file(one), "".join(f"{part}\n" for part in note).encode())

    def digest_of_trials(self, one: Mirrored) -> str | None:
        """Hash a plan with all its records, or a search's result; None unless all have ended."""
        digest = hashlib.sha256(one.model_dump_json().encode())
        if isinstance(one, SearchResult):
            return digest.hexdigest() if one.is_complete else None
        for key in sorted(one.rows_by_key):
            try:
                record = (self._ledger.folder(key) / RECORD_FILE).read_bytes()
            except OSError:
                return None
            digest.update(hashlib.sha256(record).digest())
        return digest.hexdigest()

    def digest_of_tables(self, one: Mirrored) -> str:
        """Hash the tables that are mirrored, or the files of a search."""
        if isinstance(one, SearchResult):
            return sha256_of_all(files_of_search(one, self._storage))
        place = (one.study.name, one.corpus, one.scale)
        return sha256_of_all(tables_of(tables_folder(self._storage, *place)))

    def _read(self, one: Mirrored) -> _Note:
        try:
            return _Note(*self._file(one).read_text(encoding="utf-8").split())
        except (OSError, TypeError, ValueError):  # none, or damaged, or without a place
            return _Note("", "", "")

    def _file(self, one: Mirrored) -> Path:
        address = spool_folder(self._storage, self._tracking_uri).name
        return (self._storage / NOTES_FOLDER / address).joinpath(*one.place)


def key_of(one: Mirrored) -> str:
    """Return the key of the run of a study or a search."""
    return search_key(one) if isinstance(one, SearchResult) else study_key(one)


def _keys_of_finished(one: Mirrored) -> set[str]:
    """Return the keys of the runs that are finished if MLflow has all of it."""
    if isinstance(one, Planned):
        return {key_of(one), *one.rows_by_key}
    finished = (candidate for candidate in one.attempts if candidate.state == "finished")
    return {key_of(one), *(candidate_key(one, candidate) for candidate in finished)}
