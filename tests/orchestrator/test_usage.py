import sys
import time

import pytest
import torch

from orchestrator.usage import Meter


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak")
def test_meter_tells_the_peak_since_it_was_made() -> None:
    before = torch.ones(2**28, dtype=torch.uint8)  # 256 MiB
    del before
    meter = Meter(torch.device("cpu"))
    low = meter.read().peak_memory_mib
    held = torch.ones(2**27, dtype=torch.uint8)  # 128 MiB
    del held
    high = meter.read().peak_memory_mib
    assert low is not None
    assert high is not None
    assert 120 < high - low < 200


def test_meter_counts_processor_time_and_no_gpu_on_a_cpu() -> None:
    meter = Meter(torch.device("cpu"))
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    usage = meter.read()
    assert 0.05 <= usage.cpu_s < 5
    assert usage.peak_gpu_memory_mib is None
