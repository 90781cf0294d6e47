"""Retries while storage fails: on a full disk, or if a server or a mount is unavailable."""

import errno
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from orchestrator.errors import StorageError

Given = ParamSpec("Given")
Outcome = TypeVar("Outcome")

STAYS_WRONG = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""Errors that do not pass by waiting."""


@dataclass(frozen=True)
class Patience:
    """How long a trial retries; each pause is about twice as long as the one before.

    A trial can do without a checkpoint, so training waits for it only briefly. The end of a trial
    is worth a long wait: if it fails, the last epoch must be trained again.
    """

    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0
    start_s: float = 120.0
    checkpoint_s: float = 15.0
    end_s: float = 600.0

    def at_start(
        self, attempt: Callable[Given, Outcome], *given: Given.args, **named: Given.kwargs
    ) -> Outcome:
        """Read or lock what a trial starts from; see `_try_for`."""
        return self._try_for(self.start_s, partial(attempt, *given, **named))

    def for_checkpoint(
        self, attempt: Callable[Given, Outcome], *given: Given.args, **named: Given.kwargs
    ) -> Outcome:
        """Write or remove a checkpoint; see `_try_for`."""
        return self._try_for(self.checkpoint_s, partial(attempt, *given, **named))

    def at_end(
        self, attempt: Callable[Given, Outcome], *given: Given.args, **named: Given.kwargs
    ) -> Outcome:
        """Write the results of a trial; see `_try_for`."""
        return self._try_for(self.end_s, partial(attempt, *given, **named))

    def _try_for(self, seconds: float, attempt: Callable[[], Outcome]) -> Outcome:
        """Call until it raises no OSError.

        Raises:
            OSError: The last one, when the time is over. An error that does not pass by waiting is
                raised at once.
        """
        retrying = Retrying(
            retry=retry_if_exception(may_pass),
            wait=wait_exponential(self.first_pause_s, max=self.longest_pause_s),
            stop=stop_after_delay(seconds),
            reraise=True,
        )
        return retrying(attempt)


PATIENCE = Patience()


@contextmanager
def explained(storage: Path, *, needed_bytes: int, tried_s: float) -> Iterator[None]:
    """Say what to do if storage could not be written for some time.

    Raises:
        StorageError: Instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        cure = "make it writable again"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            cure = f"free at least {math.ceil(needed_bytes / 2**20) + 1} MiB"
        raise StorageError(
            f"storage '{storage}' could not be written for {tried_s:.0f} s: "
            f"{error.strerror or error}; {cure} and run the same command again: it continues "
            "from the last checkpoint"
        ) from error


def may_pass(error: BaseException) -> bool:
    """Whether storage may give no such error a little later."""
    return isinstance(error, OSError) and not isinstance(error, STAYS_WRONG)
