"""Losses of a trial's process: told from exceptions of ours, and made bearable to Ray Tune."""

import logging
from pathlib import Path
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.tune.execution import tune_controller

from orchestrator.sweep.supply import Loss


class LostWorkerError(RayActorError):
    """A process was lost in a way that Ray has an error for which is no RayActorError."""

    def __init__(self, cause: RayError) -> None:
        super().__init__(error_msg=str(cause))
        self.is_out_of_memory = isinstance(cause, OutOfMemoryError)


class _TolerantActorManager(RayActorManager):
    """Ends no sweep where Ray kills a worker for memory.

    Ray 2.60 tells that with an OutOfMemoryError, at which its own manager ends the experiment and
    so all trials (`_actor_task_failed`: "Caught unexpected exception").
    """

    def _actor_task_failed(self, tracked_actor_task: TrackedActorTask, exception: Exception) -> Any:
        is_known = isinstance(exception, RayActorError | RayTaskError)
        if isinstance(exception, RayError) and not is_known:
            exception = LostWorkerError(exception)
        return super()._actor_task_failed(tracked_actor_task, exception)


def tolerate_losses() -> None:
    """Make Tune go on whatever a worker dies of, and leave it to us to tell."""
    logging.getLogger("ray.tune.tune").setLevel(logging.CRITICAL)
    tune_controller.RayActorManager = _TolerantActorManager  # type: ignore[misc]  # no setting does this


def loss_of(error: Exception | None, *, was_killed_for_memory: bool) -> Loss | None:
    """Say how a process was lost; None if it was not, but raised.

    Args:
        error: What Tune has of a trial that ended badly.
        was_killed_for_memory: Whether the kernel killed any process for memory meanwhile.
    """
    if not isinstance(error, RayActorError) or error.actor_init_failed:
        return None
    out_of_memory = isinstance(error, LostWorkerError) and error.is_out_of_memory
    return Loss(str(error), out_of_memory or was_killed_for_memory)


def count_memory_kills(counters: Path = Path("/proc/vmstat")) -> int:
    """Return how many processes this machine's kernel has killed for memory since it started."""
    lines = counters.read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
