"""Writes checkpoints while training continues, and limits how much that delays training."""

import io
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

import torch

from orchestrator.trial.checkpoints import Checkpoint

LOG = logging.getLogger(__name__)

HOLD_UP_S, HOLD_UP_SHARE = 5.0, 0.1
"""How long checkpoints may delay a training: in seconds, and as a fraction of its time."""


class CheckpointWriter:
    """Writes checkpoints, one at a time, in a thread that lives as long as the block.

    The thread begins before the training does. A thread that begins when memory is full may end the
    process: the C library aborts if it finds no memory for what each thread has of its own.

    A problem is reported, or an error raised, in the thread that trains: at the next checkpoint, or
    at the end of the block.
    """

    def __init__(
        self, write: Callable[[Checkpoint], str | None], on_trouble: Callable[[str], None]
    ) -> None:
        """Write with a function that returns a problem if training can continue without it."""
        self._write = write
        self._on_trouble = on_trouble
        self._pool: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._trouble: str | None = None
        self._error: BaseException | None = None
        self._began_at = time.monotonic()
        self._held_up_s = 0.0

    def __enter__(self) -> Self:
        """Begin the thread, if there is memory for it: else the thread that trains writes."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        try:
            pool.submit(_write_nothing).result()
        except RuntimeError:  # no memory for the thread's stack
            pool.shutdown()
        else:
            self._pool = pool
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        """Wait for the checkpoint that is being written, also after an error; report a failure."""
        self._wait(None)
        if self._pool is not None:
            self._pool.shutdown()
        if error is None:
            self._tell()
            return
        if self._error is not None:
            LOG.error("a checkpoint could not be written", exc_info=self._error)
        if self._trouble is not None and isinstance(error, Exception):
            self._on_trouble(self._trouble)
        elif self._trouble is not None:  # a stopped training may not call hooks
            LOG.warning(self._trouble)

    def offer(self, take: Callable[[], Checkpoint | None]) -> None:
        """Write a checkpoint, unless checkpoints would then delay the training too much."""
        now = time.monotonic()
        left_s = HOLD_UP_S + HOLD_UP_SHARE * (now - self._began_at) - self._held_up_s
        if self._wait(max(left_s, 0.0)):
            self._tell()
            if left_s > 0:
                self._begin(take())
        self._held_up_s += time.monotonic() - now

    def insist(self, take: Callable[[], Checkpoint | None]) -> None:
        """Write a checkpoint, however long that takes."""
        self._wait(None)
        self._tell()
        self._begin(take())

    def _begin(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is None:
            return
        if self._pool is None:
            self._run(checkpoint)
        else:
            self._writing = self._pool.submit(self._run, checkpoint)

    def _run(self, checkpoint: Checkpoint) -> None:
        try:
            self._trouble = self._write(checkpoint)
        except BaseException as error:  # the training's thread raises it
            self._error = error

    def _wait(self, seconds: float | None) -> bool:
        """Wait until nothing is being written; return whether that is so in time."""
        return self._writing is None or not wait([self._writing], seconds).not_done

    def _tell(self) -> None:
        """Report the problem of the last checkpoint, or raise its error."""
        error, self._error = self._error, None
        trouble, self._trouble = self._trouble, None
        if error is not None:
            raise error
        if trouble is not None:
            self._on_trouble(trouble)


def _write_nothing() -> None:
    """Do what writing a checkpoint does, so that the thread has all memory of its own."""
    torch.save({"nothing": torch.zeros(1)}, io.BytesIO())
