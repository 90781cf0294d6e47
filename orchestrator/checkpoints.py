"""Checkpoints of running trials: one file a trial, replaced after every epoch."""

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from reports.ledger import write_atomically

CHECKPOINT_FILE = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoint:
    """What a trial goes on from: tensors and plain values, and the code that they came from."""

    code_version: str
    training: dict[str, Any]
    resumed_from_epochs: tuple[int, ...]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace a trial's checkpoint; a crash leaves the old one or the new one, whole."""
    buffer = io.BytesIO()
    torch.save(asdict(checkpoint), buffer)
    write_atomically(folder / CHECKPOINT_FILE, buffer.getvalue())


def load_checkpoint(folder: Path, device: torch.device, code_version: str) -> Checkpoint | None:
    """Read a trial's checkpoint, if it has one that this code wrote.

    Other code may mean other arithmetic: such a trial starts anew. Nothing but tensors and plain
    values is ever built from the file.
    """
    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    checkpoint = Checkpoint(**content)
    return checkpoint if checkpoint.code_version == code_version else None


def drop_checkpoint(folder: Path) -> None:
    """Remove a finished trial's checkpoint."""
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
