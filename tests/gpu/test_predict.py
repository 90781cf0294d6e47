"""`mmer-sweep predict` gives on a GPU what it gives on the CPU."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from orchestrator.commands.predict import predict
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from tests.gpu.devices import every_system_on_each_device
from tests.gpu.trials import CORPUS, TRAINED_FOR, make_trial

TOLERANCE = 0.01
"""Of a probability: cuDNN convolves in TF32."""


def predicted(clip: Path, key: str, storage: Path, device: str) -> dict[str, float]:
    """Return the probability of each emotion."""
    place = ["--trial", key, "--storage", str(storage), "--device", device]
    done = CliRunner().invoke(predict, [str(clip), *place, "--text", "oh well", "--json"])
    assert done.exit_code == 0, done.output
    emotions = json.loads(done.stdout)["emotions"]
    return {emotion: decision["probability"] for emotion, decision in emotions.items()}


@every_system_on_each_device
def test_prediction_is_that_of_the_cpu(
    system: str, device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpora / "corpora" / CORPUS, tmp_path / "corpora" / CORPUS)
    trial = make_trial(system, tmp_path, training__max_epochs=1)
    record = run_trial(
        trial, tmp_path, trained_for=TRAINED_FOR, conditions=Conditions(device=torch.device("cpu"))
    )
    clip = corpora / "clips" / "clip.mp4"
    expected = predicted(clip, record.key, tmp_path, "cpu")
    found = predicted(clip, record.key, tmp_path, device.type)
    assert found == pytest.approx(expected, abs=TOLERANCE)
