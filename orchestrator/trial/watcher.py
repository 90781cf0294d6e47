"""The events of a sweep; watchers are told of them: the terminal, MLflow, a search."""

from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.workplace import Workplace
from reports.ledger.record import Epoch, Record
from search_spaces.trial import Trial


class Watcher:
    """Is told of the events of each trial; this base class does nothing.

    A method must return quickly and never raise.
    """

    def started(self, trial: Trial) -> None:
        """Note that a trial trains now, for the first time or again after its worker was lost."""

    def placed(self, trial: Trial, workplace: Workplace) -> None:
        """Note on which machine and in which process a trial trains."""

    def lost(self, trial: Trial) -> None:
        """Note that a trial trains no more, and waits to be handed out again."""

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Note the scores of one more epoch."""

    def trouble(self, trial: Trial, reason: str) -> None:
        """Note a problem of a trial that continues: a lost process, too little memory, storage."""

    def finished(self, record: Record) -> None:
        """Note that a trial has its record, from this driver or another."""

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Note that a trial ended without a record."""
