"""How many more trials per hour does a device train if they share it?"""

import os
import time
from collections.abc import Iterator, Sequence

import torch

from benchmarks.gpu_parts.corpus import trial_on
from benchmarks.gpu_parts.figure import Figure, Setting
from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.session import TrainingSession, training_session
from orchestrator.failures.failure import TrialFailure
from orchestrator.sweep.tune import train_assignments
from orchestrator.trial.watcher import Watcher
from reports.ledger.record import Record
from search_spaces.change import apply_change
from search_spaces.study import ANY_CORPUS, RowRef
from search_spaces.systems.le import LE
from search_spaces.trial import Trial

TARGET = 3.0
NUM_EPOCHS, FEW_EPOCHS = 4, 1
MOST_AT_ONCE = 16
CONTEXT_MIB = 512.0
"""The memory for the context of each process, kept free on the GPU and on the machine."""

HOST_MIB = 4000.0
"""The memory that trials share on a machine without a GPU."""


class _Clock(Watcher):
    """A watcher that notes when trials finish."""

    def __init__(self) -> None:
        self.finished_at: list[float] = []
        self.failures: list[str] = []

    def finished(self, record: Record) -> None:
        """Note the time."""
        self.finished_at.append(time.monotonic())

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Note the reason."""
        self.failures.append(failure.reason)


def measure(setting: Setting) -> Iterator[Figure]:
    """Sweep trials of Le's model at the tiny scale, one at a time and then packed.

    The pace counts from the end of the first trials: before that, processes load libraries.
    """
    num_at_once = min(os.cpu_count() or 1, MOST_AT_ONCE)
    paces: dict[int, float] = {}
    for count in (1, num_at_once):
        machines = Machines(
            device="gpu" if setting.on_gpu else "cpu",
            num_slots=count,
            memory_mib=None if setting.on_gpu else HOST_MIB,
        )
        with training_session(setting.storage, machines) as session:
            paces[count] = _pace(count, session, setting)
        yield Figure(f"tiny trials, {count} at once", 3600 * paces[count], "1/h")
    gain = paces[num_at_once] / paces[1]
    holds = setting.judged(gain >= TARGET)
    yield Figure("packed against one at a time", gain, "x", f"at least {TARGET:g}", holds)


def _pace(num_at_once: int, session: TrainingSession, setting: Setting) -> float:
    """Sweep and return the trials per second.

    Raises:
        RuntimeError: If a trial failed.
    """
    clock = _Clock()
    assignments = _assignments(num_at_once, setting)
    train_assignments(session, assignments, watchers=(clock,), keeps_models=False)
    if clock.failures or len(clock.finished_at) != len(assignments):
        raise RuntimeError(f"trials failed: {clock.failures[:1]}")
    first_over_at, last_at = clock.finished_at[num_at_once - 1], clock.finished_at[-1]
    return (len(assignments) - num_at_once) / (last_at - first_over_at)


def _assignments(num_at_once: int, setting: Setting) -> Sequence[Assignment]:
    """Make trials for three rounds, or for two on a CPU; sweeps have different seeds."""
    epochs = NUM_EPOCHS if setting.on_gpu else FEW_EPOCHS
    config = apply_change(LE["tiny"][ANY_CORPUS], {"training.max_epochs": epochs})
    share = Share(num_at_once, _memory_mib(setting) / num_at_once - CONTEXT_MIB)
    num_trials = num_at_once * (3 if setting.on_gpu else 2)
    return [
        Assignment(
            trial_on(setting, config, seed=1000 * num_at_once + number),
            RowRef("benchmark", "packed"),
            share=share,
        )
        for number in range(num_trials)
    ]


def _memory_mib(setting: Setting) -> float:
    if not setting.on_gpu:
        return HOST_MIB
    total: int = torch.cuda.get_device_properties(setting.device).total_memory
    return total / 2**20
