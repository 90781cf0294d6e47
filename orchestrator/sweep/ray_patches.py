"""What of Ray Tune we replace, for want of a setting that does it.

`tests/orchestrator/sweep/test_ray_patches.py` fails when Ray has changed what this leans on.
"""

import logging
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.tune.execution import tune_controller


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


def patch_ray_worker_loss() -> None:
    """Make Tune go on whatever a worker dies of, and leave it to us to tell."""
    logging.getLogger("ray.tune.tune").setLevel(logging.CRITICAL)
    tune_controller.RayActorManager = _TolerantActorManager  # type: ignore[misc]  # no setting does this
