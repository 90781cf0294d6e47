"""The source of the trials to train: the common contract of a queue and a search."""

from collections.abc import Set
from typing import NamedTuple, Protocol

from orchestrator.cluster.assignment import Assignment
from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.workplace import Workplace
from reports.ledger.record import Epoch
from search_spaces.trial import Trial


class Loss(NamedTuple):
    """How a trial's process was lost; with `never_began`, the trial had not started in it.

    If it ran out of memory, `was_killed` says that the kernel or Ray ended it: then the memory of
    other processes may be the reason. Otherwise the trial itself needed more than it may take.
    """

    reason: str
    is_out_of_memory: bool = False
    never_began: bool = False
    was_killed: bool = False


class TrialSupply(Protocol):
    """Hands out trials, and is told what happens to them; no method raises.

    A supply decides what to retry: it may hand out a lost trial again.
    """

    @property
    def is_done(self) -> bool:
        """Whether no trial is left to hand out or to wait for."""

    @property
    def num_running(self) -> int:
        """How many trials were handed out and have not ended."""

    @property
    def gpu_kinds(self) -> Set[str]:
        """The kinds of GPU that its trials are for; empty if there are not several kinds."""

    def next(self, *full: str) -> Assignment | None:
        """Hand out a trial to train; None if there is none now.

        The trial's kind of GPU is not one of those that are `full`.
        """

    def look(self) -> None:
        """Do periodic work; this is called often, when nothing else happens."""

    def started(self, trial: Trial) -> None:
        """Note that a trial trains."""

    def placed(self, trial: Trial, workplace: Workplace) -> None:
        """Note on which machine and in which process a trial trains."""

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Note the scores of one more epoch."""

    def trouble(self, trial: Trial, reason: str) -> None:
        """Note a problem of a trial that continues."""

    def ended(self, trial: Trial, failure: TrialFailure | None) -> None:
        """Note that a trial's function returned or was stopped, or why it failed."""

    def lost(self, trial: Trial, loss: Loss) -> None:
        """Note that a trial's process was lost."""
