import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from orchestrator.trial.checkpoints import (
    Checkpoint,
    DamagedCheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from reports.ledger.files import PARTIAL_SUFFIX
from reports.ledger.ledger import CHECKPOINT_FILE
from tests.running import wait_for

WRITE_TWO = """
import os, sys, time
from pathlib import Path
import torch
from orchestrator.trial.checkpoint_writer import CheckpointWriter
from orchestrator.trial.checkpoints import Checkpoint, save_checkpoint

folder = Path(sys.argv[1])

def write(checkpoint):
    if checkpoint.code_digest == "second":
        os.fsync = lambda _: time.sleep(600)  # a disk that takes long
    save_checkpoint(folder, checkpoint)

with CheckpointWriter(write, print) as writer:
    for number, name in enumerate(("first", "second")):
        training = {"w": torch.full((1000,), number)}
        writer.offer(lambda: Checkpoint(name, training, ()))
"""


def test_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITE_TWO, tmp_path])
    try:
        wait_for(lambda: (tmp_path / "checkpoint.pt").is_file() and bool(partials(tmp_path)))
    finally:
        process.kill()
        process.wait(60)
    checkpoint = load_checkpoint(tmp_path, torch.device("cpu"))
    assert checkpoint is not None
    assert checkpoint.code_digest == "first"
    assert checkpoint.training["w"].equal(torch.zeros(1000, dtype=torch.int64))
    save_checkpoint(tmp_path, checkpoint)  # what is left of the other is in nobody's way


class Touches:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_program_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    torch.save({"code_digest": Touches(tmp_path / "ran")}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(DamagedCheckpointError, match="Weights only load failed"):
        load_checkpoint(tmp_path, torch.device("cpu"))
    assert not (tmp_path / "ran").exists()


def partials(folder: Path) -> list[Path]:
    return list(folder.glob(f".checkpoint.pt*{PARTIAL_SUFFIX}"))


def test_part_that_begins_outside_of_the_file_is_damage(tmp_path: Path) -> None:
    """To seek there is an OSError, which else means a storage that cannot be reached now."""
    save_checkpoint(tmp_path, Checkpoint("digest", {}, ()))
    path = tmp_path / "checkpoint.pt"
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x06\x06") + 48  # where the list of parts begins
    begin = int.from_bytes(content[at : at + 8], "little")
    content[at : at + 8] = (begin + 10_000).to_bytes(8, "little")
    path.write_bytes(content)
    with pytest.raises(DamagedCheckpointError):
        load_checkpoint(tmp_path, torch.device("cpu"))
