"""Writes a note on each trial that fails, and removes it when the trial has its record."""

import logging
from collections.abc import Callable
from contextlib import suppress

from orchestrator.failures.failure import FailedTrial, TrialFailure
from orchestrator.failures.notes import FailureNotes, name_of
from orchestrator.trial.watcher import Watcher
from reports.ledger.record import Record
from search_spaces.study import RowRef
from search_spaces.trial import Trial

LOG = logging.getLogger(__name__)


class NotingFailures(Watcher):
    """Keeps the notes on failed trials up to date; trouble with the storage is only logged."""

    def __init__(self, notes: FailureNotes, row_of: Callable[[str], RowRef]) -> None:
        """Write notes; `row_of` names what a trial is trained for, by its key."""
        self._notes, self._row_of = notes, row_of
        self._noted: set[str] = set()
        with suppress(OSError):
            self._noted = notes.keys()
        self.failures: dict[str, FailedTrial] = {}

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Note why a trial failed."""
        row = self._row_of(trial.key)
        self.failures[trial.key] = FailedTrial(trial.key, name_of(row, trial), failure)
        self._noted.add(trial.key)
        try:
            self._notes.add(trial, row, failure)
        except OSError as error:
            LOG.debug("no note on the failure of trial %s: %s", trial.key, error)

    def started(self, trial: Trial) -> None:
        """Forget an earlier failure of this sweep, because the trial is tried again."""
        self.failures.pop(trial.key, None)

    def finished(self, record: Record) -> None:
        """Remove the note on a trial that has its record."""
        self.failures.pop(record.key, None)
        if record.key in self._noted:
            self._noted.remove(record.key)
            with suppress(OSError):
                self._notes.remove(record.key)
