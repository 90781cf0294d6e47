"""What a storage knows of its studies, running sweeps and failed trials."""

import shutil
from collections.abc import Collection
from pathlib import Path

from orchestrator.addresses.spool import spooled_uris
from orchestrator.facts import Facts
from orchestrator.failures.cause import MEANINGS
from orchestrator.failures.failure import FailedTrial
from orchestrator.failures.notes import FailureNote, notes_in
from orchestrator.failures.view import by_cause
from orchestrator.live.state import SweepState
from orchestrator.status.drivers import SilentDriver, look_at_drivers
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.planned import Planned, read_planned


class StudyStatus(Facts):
    """How far a study is on one corpus at one scale."""

    study: str
    """The study."""

    corpus: str
    """The corpus."""

    scale: str
    """The scale of the models."""

    num_trials: int
    """The trials that were planned, each once."""

    num_finished: int
    """Those that have a record."""

    num_failed: int
    """Those that failed when they were tried last."""


class FailedTrialFacts(Facts):
    """A trial that failed when it was tried last."""

    key: str
    """The trial's key."""

    name: str
    """STUDY/ROW/SEED, as `mmer-sweep show` takes it."""

    summary: str
    """The error in one line."""

    count: int
    """How often it has failed."""

    last_at: str
    """When it failed last, in UTC, ISO 8601."""


class FailureGroup(Facts):
    """The failed trials of one cause."""

    cause: str
    """The kind of the cause: memory, process, gpu, storage, corpus, weights, code, record or
    training."""

    meaning: str
    """The cause in words."""

    cure: str
    """What helps."""

    trials: tuple[FailedTrialFacts, ...]
    """The trials, by key."""


class StatusFacts(Facts):
    """The state of a storage."""

    storage: str
    """The storage folder, or the mirror of its bucket."""

    sweeps: tuple[SweepState, ...]
    """The sweeps and searches that train now, by driver."""

    starting: tuple[str, ...]
    """Drivers that show life but train nothing: they start, measure, or write tables."""

    silent: tuple[SilentDriver, ...]
    """Drivers that show no life: dead, or out of reach of the storage."""

    studies: tuple[StudyStatus, ...]
    """The studies that were planned, by name and corpus."""

    failures: tuple[FailureGroup, ...]
    """The failed trials by cause."""

    free_bytes: int
    """The free space on the disk of the storage folder."""

    total_bytes: int
    """The size of that disk."""

    mlflow_behind: tuple[str, ...]
    """The MLflow servers that may lack something; `mmer-sweep sync` delivers it."""


def collect_status(storage: Path) -> StatusFacts:
    """Read the state of a storage.

    Raises:
        LedgerError: If a plan is damaged.
        OSError: If the storage cannot be reached.
    """
    ledger = Ledger(storage)
    finished = {path.parent.name for path in ledger.trials.glob(f"*/{RECORD_FILE}")}
    notes = {note.trial.key: note for note in _notes_of_unfinished(storage, finished)}
    groups = by_cause(note.failed for note in notes.values())
    drivers = look_at_drivers(storage)
    place = next(folder for folder in (storage, *storage.parents) if folder.exists())
    disk = shutil.disk_usage(place)
    return StatusFacts(
        storage=str(storage),
        sweeps=drivers.sweeps,
        starting=drivers.starting,
        silent=drivers.silent,
        studies=tuple(_study_status(one, finished, notes) for one in read_planned(ledger)),
        failures=tuple(
            FailureGroup(
                cause=cause,
                meaning=MEANINGS[cause].title,
                cure=MEANINGS[cause].cure,
                trials=tuple(
                    FailedTrialFacts(
                        key=one.key,
                        name=one.name,
                        summary=one.failure.summary,
                        count=notes[one.key].count,
                        last_at=notes[one.key].last_at,
                    )
                    for one in failed
                ),
            )
            for cause, failed in groups.items()
        ),
        free_bytes=disk.free,
        total_bytes=disk.total,
        mlflow_behind=tuple(spooled_uris(storage)),
    )


def failed_trials(storage: Path) -> list[FailedTrial]:
    """Read the failed trials of a storage, by key.

    Raises:
        OSError: If the storage cannot be reached.
    """
    finished = {path.parent.name for path in Ledger(storage).trials.glob(f"*/{RECORD_FILE}")}
    return [note.failed for note in _notes_of_unfinished(storage, finished)]


def _notes_of_unfinished(storage: Path, finished: Collection[str]) -> list[FailureNote]:
    """Read the notes on trials without a record: another way may have brought one since."""
    return [note for note in notes_in(storage).every() if note.trial.key not in finished]


def _study_status(
    planned: Planned, finished: Collection[str], failed: Collection[str]
) -> StudyStatus:
    keys = set(planned.rows_by_key)
    return StudyStatus(
        study=planned.study.name,
        corpus=planned.corpus,
        scale=planned.scale,
        num_trials=len(keys),
        num_finished=len(keys & set(finished)),
        num_failed=len(keys & set(failed) - set(finished)),
    )
