"""Tells a lost process of a trial from an exception that the trial raised."""

from pathlib import Path

from ray.exceptions import RayActorError

from orchestrator.sweep.ray_patches import LostWorkerError
from orchestrator.sweep.supply import Loss


def loss_of(error: Exception | None, *, was_killed_for_memory: bool) -> Loss | None:
    """Say how a process was lost; None if it was not lost, but raised an exception.

    Args:
        error: The error that Tune has for the trial.
        was_killed_for_memory: Whether the kernel killed a process for memory during the trial.
    """
    if not isinstance(error, RayActorError) or error.actor_init_failed:
        return None
    if not isinstance(error, LostWorkerError):
        return _killed(error, for_memory=was_killed_for_memory)
    if error.never_began:
        return Loss(str(error), never_began=True)
    return _killed(error, for_memory=error.is_out_of_memory or was_killed_for_memory)


def _killed(error: Exception, *, for_memory: bool) -> Loss:
    return Loss(str(error), is_out_of_memory=for_memory, was_killed=for_memory)


def count_memory_kills(counters: Path = Path("/proc/vmstat")) -> int:
    """Return how many processes this machine's kernel has killed for memory since it started."""
    lines = counters.read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
