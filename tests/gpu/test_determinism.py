"""`--deterministic` gives equal bits each time, and `mmer-sweep predict` goes on from it."""

import shutil
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from tests.gpu.devices import slow_on_the_cpu
from tests.gpu.processes import in_processes
from tests.gpu.test_predict import predicted
from tests.gpu.trials import CORPUS, TRAINED_FOR, make_trial, probabilities


def train_and_predict(
    corpora: Path, storage: Path, device: torch.device
) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Train deterministically, then predict a clip: probabilities of both."""
    shutil.copytree(corpora / "corpora" / CORPUS, storage / "corpora" / CORPUS)
    record = run_trial(
        make_trial("Le", storage),
        storage,
        trained_for=TRAINED_FOR,
        conditions=Conditions(device=device, is_deterministic=True),
    )
    assert record.circumstances.is_deterministic
    clip = predicted(corpora / "clips" / "clip.mp4", record.key, storage, device.type)
    return probabilities(record, storage), clip


@slow_on_the_cpu
def test_two_processes_give_equal_bits(device: torch.device, corpora: Path, tmp_path: Path) -> None:
    calls = [(corpora, tmp_path / str(number), device) for number in range(2)]
    (first, first_clip), (second, second_clip) = in_processes(train_and_predict, calls)
    np.testing.assert_array_equal(first, second)
    assert first_clip == second_clip
