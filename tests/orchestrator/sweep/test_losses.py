import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayTaskError,
)
from ray.tune.execution import tune_controller

from orchestrator.sweep.losses import count_memory_kills, loss_of
from orchestrator.sweep.ray_patches import LostWorkerError, patch_ray_worker_loss
from orchestrator.sweep.supply import Loss


def task_error() -> RayTaskError:
    return RayTaskError("train", "Traceback", ImportError("no module named orchestrator"))


def died(message: str) -> ActorDiedError:
    error = ActorDiedError()
    error.error_msg = message
    return error


@pytest.mark.parametrize(
    "error",
    [
        died("worker died"),
        ActorUnavailableError("unreachable", None),
        LostWorkerError(NodeDiedError("gone")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_lost_process_is_told_from_one_killed_for_memory(error: Exception) -> None:
    loss = loss_of(error, was_killed_for_memory=False)
    assert loss is not None
    assert loss.reason == str(error)
    assert not loss.is_out_of_memory
    by_kernel = loss_of(error, was_killed_for_memory=True)
    assert by_kernel is not None
    assert by_kernel.is_out_of_memory


@pytest.mark.parametrize(
    "error", [None, task_error(), ActorDiedError(task_error())], ids=["unknown", "task", "start"]
)
def test_exception_is_no_loss(error: Exception | None) -> None:
    assert loss_of(error, was_killed_for_memory=True) is None


def test_worker_that_ray_kills_for_memory_is_a_loss_and_ends_no_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patch_ray_worker_loss()
    resources: Any = SimpleNamespace()
    manager = tune_controller.RayActorManager(resources)
    told: list[Exception] = []
    actor = SimpleNamespace(actor_id=1, _on_error=lambda _actor, error: told.append(error))
    task: Any = SimpleNamespace(
        _tracked_actor=actor, _on_error=lambda _actor, error: told.append(error)
    )
    monkeypatch.setattr(manager, "_cleanup_actor", lambda tracked_actor: None)
    manager._actor_task_failed(task, OutOfMemoryError("2 workers were killed"))
    assert len(told) == 2
    loss = loss_of(pickle.loads(pickle.dumps(told[0])), was_killed_for_memory=False)
    assert loss == Loss("2 workers were killed", is_out_of_memory=True, was_killed=True)


def test_worker_that_ray_kills_as_it_starts_is_a_loss_of_a_trial_that_never_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Smaller batches do not help it: what took the memory was not the trial."""
    patch_ray_worker_loss()
    resources: Any = SimpleNamespace()
    manager = tune_controller.RayActorManager(resources)
    told: list[Exception] = []
    actor: Any = SimpleNamespace(actor_id=1, _on_error=lambda _actor, error: told.append(error))
    monkeypatch.setattr(manager, "_cleanup_actor", lambda tracked_actor: None)
    manager._actor_start_failed(actor, OutOfMemoryError("2 workers were killed"))
    (error,) = told
    for killed in (False, True):
        loss = loss_of(pickle.loads(pickle.dumps(error)), was_killed_for_memory=killed)
        assert loss == Loss("2 workers were killed", never_began=True)


def test_memory_kills_of_the_kernel_are_counted(tmp_path: Path) -> None:
    counters = tmp_path / "vmstat"
    counters.write_text("pgmajfault 9\noom_kill 3\noom_kill_other 5\n", encoding="ascii")
    assert count_memory_kills(counters) == 3
    counters.write_text("pgmajfault 9\n", encoding="ascii")  # of an old kernel
    assert count_memory_kills(counters) == 0
