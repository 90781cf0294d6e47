"""Checkpoints of running trials: one file for each trial, replaced after every epoch."""

import errno
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

import torch

from orchestrator.training.memory import is_out_of_memory
from reports.ledger.files import DAMAGED_SUFFIX, stream_atomically
from reports.ledger.ledger import CHECKPOINT_FILE


@dataclass(frozen=True)
class Checkpoint:
    """What a trial continues from: tensors, plain values, and the digest of their code.

    `micro_batches` are as in `reports.ledger.record.Circumstances`: sizes that did not fit would
    not fit again. `is_deterministic` says whether only deterministic algorithms computed the state.
    `key` names the trial; an earlier version did not.
    """

    code_digest: str
    training: dict[str, Any]
    resumed_from_epochs: tuple[int, ...]
    micro_batches: tuple[tuple[int, int], ...] = ()
    is_deterministic: bool = False
    key: str = ""


class DamagedCheckpointError(Exception):
    """A checkpoint cannot be read; the message says why."""


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace a trial's checkpoint; after a crash, the old or the new one is there, complete."""
    stream_atomically(folder / CHECKPOINT_FILE, partial(_write, checkpoint))


def load_checkpoint(folder: Path, device: torch.device) -> Checkpoint | None:
    """Read a trial's checkpoint, if it has one; only tensors and plain values are loaded.

    Raises:
        DamagedCheckpointError: If the file is incomplete, or not the one that was written.
        OSError: If it cannot be read now.
    """
    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    try:
        _check_sums(path)
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        if "code_version" in content:  # of an earlier version, which named no digest
            content["code_digest"] = content.pop("code_version")
        return Checkpoint(**content)
    except OSError:
        raise
    except Exception as error:  # PyTorch and zipfile raise many kinds, with no base in common
        if is_out_of_memory(error):
            raise
        raise DamagedCheckpointError(str(error) or type(error).__name__) from error


def _check_sums(path: Path) -> None:
    """Compare the parts of a checkpoint with their checksums, which PyTorch writes but ignores."""
    with ZipFile(path) as archive:
        try:
            damaged = archive.testzip()
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise BadZipFile("a part begins outside of the file") from error
    if damaged is not None:
        raise BadZipFile(f"the checksum of its part {damaged} differs")


def _write(checkpoint: Checkpoint, file: BinaryIO) -> None:
    try:
        torch.save(vars(checkpoint), file)
    except RuntimeError as error:  # PyTorch's error for a full disk is about an incomplete file
        if isinstance(error.__context__, OSError):
            raise error.__context__ from error
        raise


def drop_checkpoint(folder: Path) -> None:
    """Remove a finished trial's checkpoint, also one that was set aside because it was damaged."""
    for name in (CHECKPOINT_FILE, f"{CHECKPOINT_FILE}{DAMAGED_SUFFIX}"):
        (folder / name).unlink(missing_ok=True)
