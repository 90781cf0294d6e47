import mmap
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.device import default_device
from orchestrator.trial import host_memory
from orchestrator.trial.host_memory import PeakMemory
from orchestrator.trial.usage import Meter
from tests.cuda_driver import pretended_gpus

CPU = torch.device("cpu")

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak")


def allocate(mib: int) -> None:
    """Take so much memory for a moment, from the kernel: a tensor may reuse freed memory."""
    with mmap.mmap(-1, mib * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as taken:
        np.frombuffer(taken, np.uint8)[:: mmap.PAGESIZE] = 1


def peak_mib(meter: Meter) -> float:
    peak = meter.read().peak_memory_mib
    assert peak is not None
    return peak


@linux
def test_meter_tells_the_peak_since_it_was_made() -> None:
    allocate(256)
    meter = Meter(CPU)
    low = peak_mib(meter)
    allocate(128)
    assert peak_mib(meter) - low == pytest.approx(128, abs=4)


@linux
def test_meter_takes_nothing_away_from_one_that_was_made_before() -> None:
    outer = Meter(CPU)
    low = peak_mib(outer)
    allocate(256)
    inner = Meter(CPU)
    time.sleep(3 * host_memory.LOOK_S)
    allocate(64)
    assert peak_mib(inner) - low == pytest.approx(64, abs=4)
    assert peak_mib(outer) - low == pytest.approx(256, abs=4)


@linux
def test_mapped_file_is_no_memory_of_the_process(tmp_path: Path) -> None:
    file = tmp_path / "corpus"
    file.write_bytes(bytes(256 * 2**20))
    meter = Meter(CPU)
    low = peak_mib(meter)
    resident_mib = host_memory.read_status()["VmRSS"]
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ)
    assert np.frombuffer(mapped, np.uint8)[:: mmap.PAGESIZE].sum() == 0  # touches every page
    assert host_memory.read_status()["VmRSS"] - resident_mib > 250
    assert peak_mib(meter) - low < 4
    allocate(64)
    assert peak_mib(meter) - low == pytest.approx(64, abs=4)


def test_peak_is_unknown_where_the_system_does_not_tell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_memory, "STATUS", tmp_path / "status")
    assert PeakMemory().read_mib() is None
    (tmp_path / "status").write_text("VmHWM:\t 100 kB\n")
    assert PeakMemory().read_mib() is None
    with pytest.raises(OSError, match="does not report the private memory of this process"):
        host_memory.read_status()


def test_meter_counts_processor_time_and_no_gpu_on_a_cpu() -> None:
    meter = Meter(CPU)
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    usage = meter.read()
    assert 0.05 <= usage.cpu_s < 5
    assert usage.peak_gpu_memory_mib is None


@pytest.mark.parametrize("device", [None, torch.device("cuda", 0)])
def test_meter_tells_the_memory_of_a_gpu_that_was_not_used_yet(device: torch.device | None) -> None:
    with pretended_gpus() as driver:
        meter = Meter(device or default_device())
        driver.reserved_mib = 300.0
        assert meter.read().peak_gpu_memory_mib == 300.0
