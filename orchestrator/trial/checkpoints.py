"""Checkpoints of running trials: one file for each trial, replaced after every epoch."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import torch

from reports.ledger.files import stream_atomically
from reports.ledger.ledger import CHECKPOINT_FILE


@dataclass(frozen=True)
class Checkpoint:
    """What a trial continues from: tensors, plain values, and the digest of their code.

    `micro_batches` are as in `reports.ledger.record.Circumstances`: sizes that did not fit would
    not fit again. `is_deterministic` says whether only deterministic algorithms computed the state.
    """

    code_digest: str
    training: dict[str, Any]
    resumed_from_epochs: tuple[int, ...]
    micro_batches: tuple[tuple[int, int], ...] = ()
    is_deterministic: bool = False


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace a trial's checkpoint; after a crash, the old or the new one is there, complete."""
    stream_atomically(folder / CHECKPOINT_FILE, partial(_write, checkpoint))


def load_checkpoint(folder: Path, device: torch.device) -> Checkpoint | None:
    """Read a trial's checkpoint, if it has one; only tensors and plain values are loaded."""
    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return Checkpoint(**content)


def _write(checkpoint: Checkpoint, file: BinaryIO) -> None:
    try:
        torch.save(vars(checkpoint), file)
    except RuntimeError as error:  # PyTorch's error for a full disk is about an incomplete file
        if isinstance(error.__context__, OSError):
            raise error.__context__ from error
        raise


def drop_checkpoint(folder: Path) -> None:
    """Remove a finished trial's checkpoint."""
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
