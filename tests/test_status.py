"""What users see of a sweep from elsewhere, and of a trial that fails: the real command."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cluster.stop_signals import EXIT_FAILED_TRIALS
from tests.running import COMMAND, call, lay_workplace, started

MODEL = """
import sys
from pathlib import Path
from typing import Literal

from torch import nn

FAULT = Path({fault!r})


class Gate(nn.Module):
    def __init__(self, num_emotions: int, vocabulary: int, gate: Literal["open", "shut"] = "open"):
        super().__init__()
        self.words = nn.EmbeddingBag(vocabulary, 8, padding_idx=0)
        self.head = nn.Linear(8, num_emotions)
        self.is_shut = gate == "shut"
        self.num_calls = 0

    def forward(self, batch):
        self.num_calls += 1
        if self.is_shut and self.num_calls > 60 and FAULT.exists():
            print("the gate swings", file=sys.stderr)
            raise ValueError("the gate is shut")
        return self.head(self.words(batch.tokens))
"""
STUDY = """
from mmer_sweep import Column, Row, Study, TrainingConfig, TrialConfig, own_system
from gate import Gate

NET = own_system(Gate, recipe="le", modalities=("text",))
GATES = Study(
    name="gates",
    title="Gates",
    baseline=TrialConfig(model=NET, training=TrainingConfig(max_epochs=40)),
    rows=(Row(name="open"), Row(name="shut", change={"model.gate": "shut"})),
    columns={"*": (Column(metric="f1", header="F1"),)},
)
"""


def status(storage: Path, cwd: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(call("status", "--json", "--storage", storage, cwd=cwd))
    return facts


@pytest.mark.slow
def test_failed_trial_is_seen_explained_and_tried_again(tmp_path: Path) -> None:
    folder = lay_workplace(tmp_path)
    fault, storage = tmp_path / "fault", tmp_path / "storage"
    fault.touch()
    (folder / "gate.py").write_text(MODEL.format(fault=str(fault)))
    (folder / "gates.py").write_text(STUDY)
    source = ("--source", "clips", "--name", "mine", "--recipe", "le")
    call("prepare", "clips", *source, "--storage", storage, cwd=folder)
    sweep = ("run", "gates.py", "--seeds", "1", "--corpus", "mine", "--storage", storage)

    seen: list[dict[str, Any]] = []
    with started(*sweep, cwd=folder) as process:
        until = time.monotonic() + 500
        while process.poll() is None and time.monotonic() < until:
            seen += status(storage, folder)["sweeps"]
        assert process.wait(200) == EXIT_FAILED_TRIALS
    running = [one for state in seen for one in state["running"] if one["scores"]]
    assert {one["row"] for one in running} & {"open", "shut"}
    assert all(one["host"] and one["device"] == "cpu" for one in running)

    told = status(storage, folder)
    assert told["sweeps"] == told["starting"] == told["silent"] == []
    (group,) = told["failures"]
    assert group["cause"] == "training"
    assert [one["name"] for one in group["trials"]] == ["gates/shut/0"]
    assert (told["studies"][0]["num_finished"], told["studies"][0]["num_failed"]) == (1, 1)
    text = call("show", "gates/shut/0", "--storage", storage, cwd=folder)
    for part in ("ValueError: the gate is shut", "gate.py", "the gate swings", "model.gate  shut"):
        assert part in text

    dry = call(*sweep, "--only-failed", "--dry-run", cwd=folder)
    assert "chosen: 1 of 1 trials to train" in dry
    fault.unlink()
    call(*sweep, "--only-failed", cwd=folder)
    told = status(storage, folder)
    assert told["failures"] == []
    assert told["studies"][0]["num_finished"] == 2
    assert call("show", "gates/shut/0", "--storage", storage, cwd=folder).startswith("trial ")
    plain = subprocess.run(
        [COMMAND, "status", "--storage", storage], cwd=folder, capture_output=True, text=True
    )
    assert "\x1b" not in plain.stdout
    assert max(map(len, plain.stdout.replace(str(storage), "").splitlines())) <= 80
