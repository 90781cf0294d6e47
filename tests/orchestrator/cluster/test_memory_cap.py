import os
import subprocess
import sys

import pytest

from corpora.device import default_device
from orchestrator.cluster import memory_cap
from orchestrator.cluster.memory_cap import cap_memory
from tests.cuda_driver import pretended_gpus

PROGRAM = """
import torch
from orchestrator.training.memory import is_out_of_memory
from orchestrator.cluster.memory_cap import cap_memory
from orchestrator.trial.usage import Meter

CPU = torch.device("cpu")
now_mib = Meter(CPU).read().peak_memory_mib

def fits(mib):
    try:
        torch.ones(mib * 2**18)
    except RuntimeError as error:
        assert is_out_of_memory(error)
        return False
    return True

told = []
for cap_mib in (now_mib + 200, now_mib + 500, 1.0, None):
    cap_memory(CPU, cap_mib)
    told.append((fits(100), fits(300)))
print(told)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the cap is Linux's")
def test_process_runs_out_of_memory_at_its_cap_and_not_before() -> None:
    """Caps of 200 and of 500 MiB more than it has, of less than it has, and none."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([(True, False), (True, True), (False, False), (True, True)])


REUSED = """
import torch
from orchestrator.cluster.memory_cap import cap_memory
from orchestrator.trial.usage import Meter

CPU = torch.device("cpu")

def fill():
    blocks = []
    try:
        while True:
            blocks.append(b"x" * 10_000)
    except MemoryError:
        return blocks

cap_mib = Meter(CPU).read().peak_memory_mib + 200
peaks, pinned = [], []
for _ in range(3):
    cap_memory(CPU, cap_mib)
    meter = Meter(CPU)
    blocks = fill()
    peaks.append(round(meter.read().peak_memory_mib - cap_mib))
    pinned += blocks[::1000]
    del blocks
print(*peaks)
"""
"""Trials that fill the heap, in one process; each leaves a few blocks all over it."""


@pytest.mark.skipif(sys.platform != "linux", reason="the cap is Linux's")
def test_cap_binds_in_a_process_that_trained_before() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REUSED], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert [float(peak) for peak in done.stdout.split()] == pytest.approx([0, 0, 0], abs=20)


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, s: float) -> None:
        self.now_s += s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass only while it is waited for; no process waited before."""
    clock = Clock()
    monkeypatch.setattr(memory_cap, "time", clock)
    monkeypatch.setattr(memory_cap, "_AWAITED", set())
    return clock


def test_cap_on_a_gpu_is_a_fraction_and_waits_for_what_lingers(clock: Clock) -> None:
    """Of 250 MiB a trial was measured to take 225."""
    with pretended_gpus(free_mib=[1000, 100, 200, 300]) as driver:
        cap_memory(default_device(), 250.0)
        assert (driver.fractions, driver.num_looks) == ({0: 0.25}, 4)
        cap_memory(default_device(), None)
        assert driver.fractions == {0: 1.0}


def test_margin_of_a_trial_on_a_gpu_is_not_waited_for(clock: Clock) -> None:
    """A trial alone gets all but the context as measured; that of its own process takes more."""
    with pretended_gpus(free_mib=[900]) as driver:
        cap_memory(default_device(), 920.0)
    assert driver.fractions == {0: 0.92}
    assert clock.now_s == 0


def test_memory_of_a_gpu_is_waited_for_while_it_comes_free(clock: Clock) -> None:
    slowly = [mib for mib in range(0, 300, 5) for _ in range(20)]  # 4 s each
    with pretended_gpus(free_mib=slowly) as driver:
        cap_memory(default_device(), 250.0)
        assert driver.look(0)[0] >= 225 * 2**20
    assert clock.now_s > 100


@pytest.mark.parametrize("next_mib", [250.0, 300.0, 200.0])
def test_memory_of_a_gpu_that_neighbours_have_is_waited_for_once_in_a_process(
    clock: Clock, next_mib: float
) -> None:
    """A trial of another architecture in the same process finds what the one before had."""
    with pretended_gpus(free_mib=[100]) as driver:
        cap_memory(default_device(), 250.0)
        waited_s = clock.now_s
        cap_memory(default_device(), next_mib)
    assert driver.fractions == {0: next_mib / 1000}
    assert waited_s == pytest.approx(memory_cap.LINGERING_S, abs=1)
    assert clock.now_s == waited_s


ALLOCATOR = """
import torch
from orchestrator.cluster.memory_cap import expand_segments

expand_segments()
print(torch._C._cuda_memorySnapshot(None)["allocator_settings"]["expandable_segments"])
"""


@pytest.mark.parametrize(
    ("variable", "is_expandable"),
    [(None, True), ("PYTORCH_ALLOC_CONF", False), ("PYTORCH_CUDA_ALLOC_CONF", False)],
)
def test_segments_expand_unless_the_user_set_how_to_allocate(
    variable: str | None, is_expandable: bool
) -> None:
    """PyTorch reads its environment when a GPU is first used, so this comes in time."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("ALLOC_CONF")}
    if variable:
        environment[variable] = "garbage_collection_threshold:0.9"
    command = [sys.executable, "-c", ALLOCATOR]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(is_expandable)
