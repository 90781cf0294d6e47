"""What our patch of Ray leans on: if one of these fails, look whether the patch is still needed."""

import inspect

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.execution import tune_controller

from orchestrator.sweep.ray_patches import patch_ray_worker_loss


def test_error_of_a_kill_for_memory_is_still_no_actor_error() -> None:
    assert not issubclass(OutOfMemoryError, RayActorError)


def test_manager_still_ends_an_experiment_at_an_error_that_it_does_not_know() -> None:
    source = inspect.getsource(RayActorManager._actor_task_failed)
    assert "Caught unexpected exception" in source
    assert list(inspect.signature(RayActorManager._actor_task_failed).parameters) == [
        *("self", "tracked_actor_task", "exception"),
    ]


def test_tune_makes_the_manager_that_is_put_in_its_place() -> None:
    assert "RayActorManager(" in inspect.getsource(tune_controller.TuneController)
    patch_ray_worker_loss()
    assert tune_controller.RayActorManager is not RayActorManager
