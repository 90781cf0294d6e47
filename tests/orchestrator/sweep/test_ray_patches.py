"""What our patch of Ray leans on: if one of these fails, look whether the patch is still needed."""

import inspect

from ray._private import worker
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.execution import tune_controller
from ray.tune.experiment import Trial
from ray.tune.progress_reporter import TrialProgressCallback
from ray.tune.utils.callback import _create_default_callbacks

from orchestrator.sweep.ray_patches import patch_ray_worker_loss
from orchestrator.sweep.tune_adapters import SilentReporter


def test_error_of_a_kill_for_memory_is_still_no_actor_error() -> None:
    assert not issubclass(OutOfMemoryError, RayActorError)


def test_manager_still_ends_an_experiment_at_an_error_that_it_does_not_know() -> None:
    source = inspect.getsource(RayActorManager._actor_task_failed)
    assert "Caught unexpected exception" in source
    assert list(inspect.signature(RayActorManager._actor_task_failed).parameters) == [
        *("self", "tracked_actor_task", "exception"),
    ]


def test_tune_still_drops_an_error_at_the_start_of_a_worker_that_it_does_not_know() -> None:
    assert "(RayTaskError, RayActorError)" in inspect.getsource(Trial.handle_error)
    assert list(inspect.signature(RayActorManager._actor_start_failed).parameters) == [
        *("self", "tracked_actor", "exception"),
    ]


def test_tune_makes_the_manager_that_is_put_in_its_place() -> None:
    assert "RayActorManager(" in inspect.getsource(tune_controller.TuneController)
    patch_ray_worker_loss()
    assert tune_controller.RayActorManager is not RayActorManager


def test_tune_leaves_its_reporter_out_where_ours_stands() -> None:
    made = _create_default_callbacks([SilentReporter()])
    reporters = [callback for callback in made if isinstance(callback, TrialProgressCallback)]
    assert [type(reporter) for reporter in reporters] == [SilentReporter]


def test_message_of_rays_own_processes_still_goes_through_the_function_that_we_replace() -> None:
    assert "print_to_stdstream(" in inspect.getsource(worker.listen_error_messages)
    names = inspect.signature(worker.print_to_stdstream).parameters
    assert list(names) == ["data", "ignore_prefix"]
