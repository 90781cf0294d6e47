"""Ctrl-C, and SIGTERM: the notice of a machine that goes away. Both end a command cleanly."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM)
EXIT_FAILED_TRIALS = 1


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def raise_terminated(signum: int, frame: FrameType | None) -> NoReturn:
    """Handle SIGTERM as Python handles Ctrl-C."""
    raise Terminated


def end_as(stopped_by: int | None, num_failed: int) -> None:
    """End a command as its training ended: stopped by a signal, with failed trials, or well.

    Raises:
        KeyboardInterrupt: If a signal stopped it; `Terminated` if that was SIGTERM.
        SystemExit: If trials failed.
    """
    if stopped_by == signal.SIGTERM:
        raise Terminated
    if stopped_by is not None:
        raise KeyboardInterrupt
    if num_failed:
        sys.exit(EXIT_FAILED_TRIALS)


class StopSignals:
    """While it is open, the first signal is noted; a second one is handled as it was before.

    Outside the main thread, which alone may handle signals, it notes none.
    """

    def __init__(self) -> None:
        self.seen: int | None = None
        """The signal that asked to stop, if one did."""

    def __enter__(self) -> "StopSignals":
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {signum: signal.signal(signum, self._note) for signum in STOPPING}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.seen = signum
        self._restore()

    def _restore(self) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
