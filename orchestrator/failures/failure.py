"""A failure: why a trial ended without a record."""

from typing import NamedTuple

from models.configs.base import Config
from orchestrator.failures.cause import Cause
from orchestrator.failures.workplace import Workplace


class TrialFailure(Config):
    """Why a trial failed, and what is known about it.

    Attributes:
        cause: The kind of the cause.
        summary: One line.
        details: The traceback, or what Ray says of a lost process.
        workplace: Where the trial trained; None if it did not get so far.
        log: The last lines that its process printed.
    """

    cause: Cause
    summary: str
    details: str = ""
    workplace: Workplace | None = None
    log: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Summary and details in one text."""
        return f"{self.summary}\n\n{self.details}" if self.details else self.summary


class FailedTrial(NamedTuple):
    """A trial that failed: its key, and its name as `mmer-sweep show` takes it."""

    key: str
    name: str
    failure: TrialFailure


def failure_of(cause: Cause, reason: str) -> TrialFailure:
    """Make a failure of a text whose first line is its summary."""
    summary, _, details = reason.partition("\n")
    return TrialFailure(cause=cause, summary=summary, details=details.strip("\n"))
