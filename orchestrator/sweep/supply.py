"""Where the trials come from that are trained: the contract of a queue, and of a search."""

from collections.abc import Set
from typing import NamedTuple, Protocol

from orchestrator.cluster.assignment import Assignment
from reports.ledger.record import Epoch
from search_spaces.trial import Trial


class Loss(NamedTuple):
    """How a trial's process ended before the trial did, or `never_began` it."""

    reason: str
    is_out_of_memory: bool = False
    never_began: bool = False


class TrialSupply(Protocol):
    """Hands out trials, and is told what becomes of them; no method raises.

    A supply decides what is tried again: of a trial that was lost it may hand out the same one.
    """

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to hand out or to wait for."""

    @property
    def num_running(self) -> int:
        """How many trials were handed out and have not ended."""

    @property
    def gpu_kinds(self) -> Set[str]:
        """All kinds of GPU that its trials are for; empty where these are not several."""

    def next(self, *full: str) -> Assignment | None:
        """Hand out a trial to train; None if there is none now.

        It is for none of the kinds of GPU that are `full`.
        """

    def look(self) -> None:
        """Use a moment in which nothing else is to be done; it comes often."""

    def started(self, trial: Trial) -> None:
        """Learn that a trial trains."""

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Learn the scores of one more epoch."""

    def trouble(self, trial: Trial, reason: str) -> None:
        """Learn what a trial goes on in spite of."""

    def ended(self, trial: Trial, failure: str | None) -> None:
        """Learn that a trial's function returned or was stopped, or why it failed."""

    def lost(self, trial: Trial, loss: Loss) -> None:
        """Learn that a trial's process is no more."""
