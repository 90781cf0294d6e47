"""A trial that is measured in a process whose memory is capped: `test_probe_trial`.

    python -m tests.orchestrator.capped_probe STORAGE MIB

STORAGE holds the prepared corpus; MIB is what the process may take on top of what it has. It prints
whether the trial fits.
"""

import sys
from pathlib import Path

import torch

from orchestrator.cluster.memory_cap import cap_memory
from orchestrator.errors import TooLargeError
from orchestrator.forecast.probe_trial import probe_trial
from orchestrator.training.memory import release_memory
from orchestrator.trial.usage import Meter
from tests.orchestrator.limited_memory import WARM_CHANNELS, make_trial

CPU = torch.device("cpu")


def main(storage: Path, mib: int) -> None:
    warm = make_trial(storage, 1, WARM_CHANNELS)
    probe_trial(warm, storage, storage / "warm", device=CPU, num_at_once=1)
    release_memory()  # else garbage of the first probe counts as what the process has
    has_mib = Meter(CPU).read().peak_memory_mib
    assert has_mib is not None
    cap_memory(CPU, has_mib + mib)
    trial = make_trial(storage, 12, WARM_CHANNELS)
    try:
        probe_trial(trial, storage, storage / "capped", device=CPU, num_at_once=1)
        print("fits")  # noqa: T201, for the test that started it
    except TooLargeError:
        print("too large")  # noqa: T201, as above


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
