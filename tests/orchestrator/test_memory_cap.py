import subprocess
import sys

import pytest
import torch

from orchestrator import memory_cap
from orchestrator.memory_cap import cap_memory

PROGRAM = """
import torch
from orchestrator.memory import is_out_of_memory
from orchestrator.memory_cap import cap_memory
from orchestrator.usage import Meter

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
from orchestrator.memory_cap import cap_memory
from orchestrator.usage import Meter

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


class FakeGpu:
    """A GPU of 1,000 MiB, of which a predecessor leaves some after a few looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free_mib: list[float]) -> None:
        self.fraction = 0.0
        self.num_looks = 0
        self._free_mib = free_mib
        monkeypatch.setattr(torch.cuda, "mem_get_info", self._look)
        monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", self._set)
        monkeypatch.setattr(memory_cap.time, "sleep", lambda _: None)

    def _look(self, device: torch.device) -> tuple[int, int]:
        free_mib = self._free_mib[min(self.num_looks, len(self._free_mib) - 1)]
        self.num_looks += 1
        return int(free_mib * 2**20), 1000 * 2**20

    def _set(self, fraction: float, device: torch.device) -> None:
        self.fraction = fraction


def test_cap_on_a_gpu_is_a_fraction_and_waits_for_what_lingers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpu = FakeGpu(monkeypatch, [100, 200, 300, 1000])  # of 250 a trial was measured to take 225
    cap_memory(torch.device("cuda"), 250.0)
    assert (gpu.fraction, gpu.num_looks) == (0.25, 3)
    cap_memory(torch.device("cuda"), None)
    assert gpu.fraction == 1.0


def test_margin_of_a_trial_on_a_gpu_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial alone gets all but the context as measured; that of its own process takes more."""
    gpu = FakeGpu(monkeypatch, [900])
    cap_memory(torch.device("cuda"), 920.0)
    assert (gpu.fraction, gpu.num_looks) == (0.92, 1)


def test_memory_of_a_gpu_that_never_comes_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpu = FakeGpu(monkeypatch, [100])
    monkeypatch.setattr(memory_cap, "LINGERING_S", 0.02)
    cap_memory(torch.device("cuda"), 250.0)
    assert gpu.fraction == 0.25
    assert gpu.num_looks > 1
