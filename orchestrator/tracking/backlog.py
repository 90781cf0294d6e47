"""What MLflow is still to be told, trial by trial, while trials end faster than it can be told."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from orchestrator.tracking.delivery import Delivery

Call = Callable[[Delivery], object]

NO_TRIAL = ""
"""In the place of a trial's key, for what concerns all."""


class _Waiting(NamedTuple):
    """A call, and whether a finished trial's record says the same."""

    call: Call
    is_in_record: bool


class Backlog:
    """Calls in order; those of one trial stay together. One thread puts, another takes.

    Of a finished trial what its record says is not told before: so little is kept of thousands.
    """

    def __init__(self) -> None:
        self._calls: dict[str, list[_Waiting]] = {}
        self._is_closed = False
        self._news = threading.Condition()

    def put(self, call: Call, key: str = NO_TRIAL, *, is_in_record: bool = False) -> None:
        """Add a call, after those of the same trial that wait.

        One that is in the record is dropped if the trial finishes before it is taken.
        """
        with self._news:
            self._calls.setdefault(key, []).append(_Waiting(call, is_in_record))
            self._news.notify()

    def put_finished(self, key: str) -> None:
        """Add the delivery of a trial's record; what is dropped for it happened here."""
        with self._news:
            waiting = self._calls.get(key, [])
            left = [one for one in waiting if not one.is_in_record]
            began_here = len(left) < len(waiting)
            self._calls[key] = [*left, _Waiting(_deliver(key, began_here), is_in_record=False)]
            self._news.notify()

    def close(self) -> None:
        """Say that nothing comes after what waits."""
        with self._news:
            self._is_closed = True
            self._news.notify()

    @property
    def is_at_end(self) -> bool:
        """Whether it is closed and empty."""
        return self._is_closed and not self._calls

    def take(self, limit_s: float) -> list[Call]:
        """Take the calls of the trial that waits longest; none if nothing comes within a time."""
        with self._news:
            self._news.wait_for(lambda: self._calls or self._is_closed, limit_s)
            key = next(iter(self._calls), None)
            return [] if key is None else [waiting.call for waiting in self._calls.pop(key)]

    def drop_for(self, limit_s: float) -> None:
        """Drop all that waits, after a time or, if that is sooner, when it is closed."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed, limit_s)
            self._calls.clear()


def _deliver(key: str, began_here: bool) -> Call:
    return lambda delivery: delivery.deliver(key, began_here=began_here)
