"""The devices that each test runs on: in `make test` the CPU, in `make test-gpu` the GPU."""

import pytest

from tests.gpu.trials import SYSTEMS

GPU = pytest.param("cuda:0", marks=pytest.mark.gpu)

on_each_device = pytest.mark.parametrize("device", ["cpu", GPU], indirect=True)

# What takes longer than a few seconds on a CPU.
slow_on_the_cpu = pytest.mark.parametrize(
    "device", [pytest.param("cpu", marks=pytest.mark.slow), GPU], indirect=True
)

QUICK_ON_A_CPU = ("Le", "LF-LSTM")
every_system_on_each_device = pytest.mark.parametrize(
    ("system", "device"),
    [
        pytest.param(system, "cpu", marks=() if system in QUICK_ON_A_CPU else pytest.mark.slow)
        for system in SYSTEMS
    ]
    + [pytest.param(system, "cuda:0", marks=pytest.mark.gpu) for system in SYSTEMS],
    indirect=["device"],
)
