"""The waiting calls to MLflow, by trial: trials may end faster than MLflow answers."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from orchestrator.tracking.delivery import Delivery

Call = Callable[[Delivery], object]

NO_TRIAL = ""
"""Replaces a trial's key for calls that concern no single trial."""


class _Waiting(NamedTuple):
    """A call, and whether the record of the finished trial contains the same information."""

    call: Call
    is_in_record: bool


class Backlog:
    """Calls in order; those of one trial stay together. One thread puts, another takes.

    When a trial finishes, waiting calls that its record makes unnecessary are dropped. So the
    backlog stays small even for thousands of trials.
    """

    def __init__(self) -> None:
        self._calls: dict[str, list[_Waiting]] = {}
        self._is_closed = False
        self._news = threading.Condition()

    def put(self, call: Call, key: str = NO_TRIAL, *, is_in_record: bool = False) -> None:
        """Add a call, after the waiting calls of the same trial.

        A call with `is_in_record` is dropped if the trial finishes before the call is taken.
        """
        with self._news:
            self._calls.setdefault(key, []).append(_Waiting(call, is_in_record))
            self._news.notify()

    def put_finished(self, key: str) -> None:
        """Add the delivery of a trial's record; drop the waiting calls that it replaces."""
        with self._news:
            waiting = self._calls.get(key, [])
            left = [one for one in waiting if not one.is_in_record]
            began_here = len(left) < len(waiting)
            self._calls[key] = [*left, _Waiting(_deliver(key, began_here), is_in_record=False)]
            self._news.notify()

    def close(self) -> None:
        """Note that no more calls come."""
        with self._news:
            self._is_closed = True
            self._news.notify()

    @property
    def num_trials(self) -> int:
        """How many trials calls wait for."""
        with self._news:
            return len(self._calls) - (NO_TRIAL in self._calls)

    @property
    def is_at_end(self) -> bool:
        """Whether the backlog is closed and empty."""
        return self._is_closed and not self._calls

    def take(self, limit_s: float) -> list[Call]:
        """Take the calls of the trial that waits longest; none if no call comes within a time."""
        with self._news:
            self._news.wait_for(lambda: self._calls or self._is_closed, limit_s)
            key = next(iter(self._calls), None)
            return [] if key is None else [waiting.call for waiting in self._calls.pop(key)]

    def drop_for(self, limit_s: float) -> None:
        """Drop all waiting calls after a time, or earlier when the backlog is closed."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed, limit_s)
            self._calls.clear()


def _deliver(key: str, began_here: bool) -> Call:
    return lambda delivery: delivery.deliver(key, began_here=began_here)
