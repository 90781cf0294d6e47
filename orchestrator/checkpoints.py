"""Checkpoints of running trials: one file a trial, replaced after every epoch."""

import io
from pathlib import Path
from typing import Any

import torch

from reports.ledger import write_atomically

CHECKPOINT_FILE = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Replace a trial's checkpoint; a crash leaves the old one or the new one, whole."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(folder / CHECKPOINT_FILE, buffer.getvalue())


def load_checkpoint(folder: Path, device: torch.device) -> dict[str, Any] | None:
    """Read a trial's checkpoint, if it has one; nothing but tensors and plain values is built."""
    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state


def drop_checkpoint(folder: Path) -> None:
    """Remove a finished trial's checkpoint."""
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
