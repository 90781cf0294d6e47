"""Ctrl-C and SIGTERM, which a machine sends before it shuts down. Both end a command cleanly."""

import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM)
STDERR = 2
EXIT_FAILED_TRIALS = 1
STOPPING_LINE = b"\nStopping; what is finished is kept. Another Ctrl-C stops at once.\n"


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def raise_terminated(signum: int, frame: FrameType | None) -> NoReturn:
    """Handle SIGTERM as Python handles Ctrl-C."""
    raise Terminated


def end_as(stopped_by: int | None, num_failed: int) -> None:
    """End a command as its training ended: by a signal, with failed trials, or successfully.

    Raises:
        KeyboardInterrupt: If a signal stopped it; `Terminated` if the signal was SIGTERM.
        SystemExit: If trials failed.
    """
    if stopped_by == signal.SIGTERM:
        raise Terminated
    if stopped_by is not None:
        raise KeyboardInterrupt
    if num_failed:
        sys.exit(EXIT_FAILED_TRIALS)


class StopSignals:
    """While it is open, it notes and answers the first signal; a second has its former handler.

    It notes no signal outside the main thread: only the main thread may handle signals.
    """

    def __init__(self) -> None:
        self.seen: int | None = None
        """The signal that asked to stop, if any."""

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
        with suppress(OSError):  # not `print`: the signal may have come in the middle of one
            os.write(STDERR, STOPPING_LINE)
        self._restore()

    def _restore(self) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
