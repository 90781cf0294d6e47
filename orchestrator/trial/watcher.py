"""What happens during a sweep. Watchers are told: the terminal, MLflow, a search."""

from reports.ledger.record import Epoch, Record
from search_spaces.trial import Trial


class Watcher:
    """Is told of each trial; does nothing of its own.

    A method must return quickly and never raise.
    """

    def started(self, trial: Trial) -> None:
        """Learn that a trial trains now, for the first time or again after its worker was lost."""

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Learn the scores of one more epoch."""

    def trouble(self, trial: Trial, reason: str) -> None:
        """Learn that a trial was hit (its process lost, memory or storage wanting) and goes on."""

    def finished(self, record: Record) -> None:
        """Learn that a trial has its record, from this driver or another."""

    def failed(self, trial: Trial, reason: str) -> None:
        """Learn that a trial ended without one."""
