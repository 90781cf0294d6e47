"""A trial that really runs out of memory: the kernel refuses what is above a process's limit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of this kind are Linux's"),
]


def train_with(mib: int, storage: Path, *, channels: int = 16) -> dict[str, Any]:
    numbers = (str(mib), str(channels))
    command = [sys.executable, "-m", "tests.orchestrator.limited_memory", str(storage), *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_trial_that_runs_out_of_memory_ends_with_smaller_micro_batches(storage: Path) -> None:
    found = train_with(150, storage)  # whole batches of 12 take some 300 MiB, single ones 60
    assert found["error"] == ""
    assert found["troubles"][0] == "out of memory: goes on with micro-batches of 6"
    epochs, sizes = zip(*found["micro_batches"], strict=True)
    assert epochs[0] == 0
    assert max(sizes) <= 6
    assert found["num_epochs"] == 2


def test_trial_that_fits_in_no_way_says_what_to_do(storage: Path) -> None:
    found = train_with(130, storage, channels=256)  # the parameters alone take more
    assert found["error"].startswith("out of memory ")
    assert found["error"].endswith("a larger GPU), or choose a smaller model")
