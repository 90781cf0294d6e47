"""A trial goes on after SIGKILL, to the result of one that nothing happened to."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch

from reports.ledger.ledger import CHECKPOINT_FILE, Ledger
from reports.ledger.record import Epoch
from search_spaces.trial import Trial
from tests.gpu.devices import slow_on_the_cpu
from tests.gpu.trials import make_trial, probabilities, train

NUM_EPOCHS, KILLED_AFTER = 3, 2
TOLERANCES = {"cpu": 0.0, "cuda": 0.02}
"""Of a probability: on a GPU sums depend on the order in which threads add."""

WRITTEN_WITHIN_S = 60.0
"""On a busy machine a checkpoint may take longer than the epoch after it."""


def train_and_be_killed(trial: Trial, corpora: Path, ledger: Path, device: torch.device) -> None:
    """Train until some epochs are over and one is safe, then end as if the machine were lost."""
    checkpoint = Ledger(ledger).folder(trial.key) / CHECKPOINT_FILE

    def after_epoch(epoch: Epoch) -> None:
        if epoch.epoch + 1 == KILLED_AFTER:
            until = time.monotonic() + WRITTEN_WITHIN_S
            while not checkpoint.is_file() and time.monotonic() < until:
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGKILL)

    train(trial, corpora, ledger, device, on_epoch=after_epoch)


@slow_on_the_cpu
def test_killed_trial_goes_on(device: torch.device, corpora: Path, tmp_path: Path) -> None:
    trial = make_trial("Le", corpora, training__max_epochs=NUM_EPOCHS)
    victim = multiprocessing.get_context("spawn").Process(
        target=train_and_be_killed, args=(trial, corpora, tmp_path / "killed", device)
    )
    victim.start()
    whole = train(trial, corpora, tmp_path / "whole", device)
    victim.join(120)
    assert victim.exitcode == -signal.SIGKILL
    resumed = train(trial, corpora, tmp_path / "killed", device)
    (num_safe,) = resumed.circumstances.resumed_from_epochs
    assert KILLED_AFTER - 1 <= num_safe <= KILLED_AFTER  # at most one epoch is lost
    assert len(resumed.result.epochs) == NUM_EPOCHS
    np.testing.assert_allclose(
        probabilities(resumed, tmp_path / "killed"),
        probabilities(whole, tmp_path / "whole"),
        atol=TOLERANCES[device.type],
        rtol=0,
    )
