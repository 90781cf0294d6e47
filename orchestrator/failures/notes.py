"""Notes on failed trials in the storage: `failures/<key>.json`, until the trial has a record."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import PositiveInt

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from models.configs.base import Config
from orchestrator.failures.failure import FailedTrial, TrialFailure
from orchestrator.redaction import without_secrets_of_programs
from orchestrator.storage.objects import ObjectStore, store_of
from search_spaces.study import RowRef
from search_spaces.trial import Trial

FOLDER = "failures"
MAX_DETAILS, MAX_SUMMARY = 20_000, 1_000
"""So many characters are kept of a traceback, its end, and of a summary, its beginning."""


class FailureNote(Config):
    """What is kept of a failed trial: its last failure, and how often and when it failed.

    `first_at` and `last_at` are in UTC, ISO 8601.
    """

    trial: Trial
    trained_for: RowRef
    failure: TrialFailure
    count: PositiveInt
    first_at: str
    last_at: str

    @property
    def failed(self) -> FailedTrial:
        """The trial and its failure."""
        return FailedTrial(self.trial.key, name_of(self.trained_for, self.trial), self.failure)


class FailureNotes:
    """The notes in a storage folder or its bucket.

    Every method raises OSError while the storage cannot be reached.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def keys(self) -> set[str]:
        """Name the trials that failed last time and were not finished since."""
        names = self._store.names(FOLDER)
        return {Path(name).stem for name in names if name.endswith(".json")}

    def find(self, key: str) -> FailureNote | None:
        """Read the note on a trial; None if there is none, or if it is damaged."""
        content = self._store.read(_name(key))
        if content is None:
            return None
        try:
            return parse_sealed(content, FailureNote)
        except ParseError:  # nothing depends on a note
            return None

    def every(self) -> Iterator[FailureNote]:
        """Read all notes, in the order of their keys."""
        found = map(self.find, sorted(self.keys()))
        return (note for note in found if note is not None)

    def add(self, trial: Trial, trained_for: RowRef, failure: TrialFailure) -> None:
        """Note a failure; an earlier one of the same trial is counted, not kept."""
        earlier, now = self.find(trial.key), datetime.now(UTC).isoformat(timespec="seconds")
        note = FailureNote(
            trial=trial,
            trained_for=trained_for,
            failure=_bounded(failure),
            count=earlier.count + 1 if earlier else 1,
            first_at=earlier.first_at if earlier else now,
            last_at=now,
        )
        self._store.write(_name(trial.key), sealed(note))

    def remove(self, key: str) -> None:
        """Remove the note on a trial, if there is one."""
        self._store.remove(_name(key))


def name_of(row: RowRef, trial: Trial) -> str:
    """Name a trial as `mmer-sweep show` takes it: STUDY/ROW/SEED."""
    return f"{row.study}/{row.row}/{trial.seed_text}"


def notes_in(storage: Path) -> FailureNotes:
    """Return the notes of a storage folder, or of the bucket that it mirrors."""
    return FailureNotes(store_of(storage))


def _bounded(failure: TrialFailure) -> TrialFailure:
    """Leave out secrets, and what is too long."""
    hide = without_secrets_of_programs  # before anything is cut: half a secret is not recognised
    cleaned = {
        "summary": hide(failure.summary)[:MAX_SUMMARY],
        "details": hide(failure.details)[-MAX_DETAILS:],
        "log": tuple(map(hide, failure.log)),
    }
    return failure.model_copy(update=cleaned)


def _name(key: str) -> str:
    return f"{FOLDER}/{key}.json"
