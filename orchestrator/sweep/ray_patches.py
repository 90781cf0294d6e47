"""The parts of Ray Tune that we replace, because no setting changes them.

`tests/orchestrator/sweep/test_ray_patches.py` fails if Ray changes the code that this relies on.
"""

import logging
from typing import Any, TypeGuard

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.tune.execution import tune_controller


class LostWorkerError(RayActorError):
    """A process was lost, and Ray's error for that is not a RayActorError.

    If it was lost as it started, the trial never began in it. Then its batches took no memory.
    """

    def __init__(self, cause: RayError, *, never_began: bool = False) -> None:
        super().__init__(error_msg=str(cause))
        self.never_began = never_began
        self.is_out_of_memory = isinstance(cause, OutOfMemoryError) and not never_began


class _TolerantActorManager(RayActorManager):
    """Keeps the sweep running if Ray kills a worker for memory.

    Ray 2.60 reports that as an OutOfMemoryError. Ray's own manager then ends the experiment, and so
    all trials (`_actor_task_failed`: "Caught unexpected exception"). If the worker was still
    starting, Tune drops the error (`Trial.handle_error`), and nobody could tell what it was.
    """

    def _actor_start_failed(self, tracked_actor: TrackedActor, exception: Exception) -> None:
        if _is_unknown(exception):
            exception = LostWorkerError(exception, never_began=True)
        super()._actor_start_failed(tracked_actor, exception)

    def _actor_task_failed(self, tracked_actor_task: TrackedActorTask, exception: Exception) -> Any:
        if _is_unknown(exception):
            exception = LostWorkerError(exception)
        return super()._actor_task_failed(tracked_actor_task, exception)


def _is_unknown(exception: Exception) -> TypeGuard[RayError]:
    """Whether this is an error of Ray for which Tune is not prepared."""
    is_known = isinstance(exception, RayActorError | RayTaskError)
    return isinstance(exception, RayError) and not is_known


def patch_ray_worker_loss() -> None:
    """Make Tune continue whatever a worker dies of, and leave the message about it to us."""
    logging.getLogger("ray.tune.tune").setLevel(logging.CRITICAL)
    tune_controller.RayActorManager = _TolerantActorManager  # type: ignore[misc]  # no setting does this
