"""Checkpoints of any `transformers` encoder: safetensors in a folder or on the hub."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from corpora.checkpoints.errors import CheckpointError
from corpora.checkpoints.files import find_checkpoint
from models.weights.errors import WeightsError


def find_encoder_files(weights: str, modality: str) -> Sequence[Path]:
    """Find the files of an encoder, its config first.

    Raises:
        WeightsError: If they are not available.
    """
    with as_weights_error():
        return find_checkpoint(weights, modality).files


@contextmanager
def as_weights_error() -> Iterator[None]:
    """Tell what is wrong with a checkpoint by the field of the config that names it."""
    try:
        yield
    except CheckpointError as error:
        field = f"model.{error.modality}.weights"
        raise WeightsError(field, error.place, error.reason, error.advice) from error
