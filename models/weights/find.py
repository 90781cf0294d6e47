"""Finding the files that an encoder starts from, by its config, and hashing them."""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from models.configs.base import MODALITIES, PretrainedConfig, SystemConfig
from models.weights.conv_files import find_conv_files
from models.weights.encoders import find_encoder_files
from models.weights.hub import find_checkpoint
from models.weights.word_vectors import find_word_vectors

FINDERS: dict[str, Callable[[str], Sequence[Path]]] = {
    **{modality: partial(find_encoder_files, modality=modality) for modality in MODALITIES},
    "albert": partial(find_checkpoint, architecture="albert"),
    "bert": partial(find_checkpoint, architecture="bert"),
    "glove": find_word_vectors,
    "resnet18": partial(find_conv_files, architecture="resnet18"),
    "vggish": partial(find_conv_files, architecture="vggish"),
}
"""What finds the files of `weights`, by the architecture of the encoder."""


def find_files(encoder: PretrainedConfig) -> Sequence[Path]:
    """Find the files that an encoder starts from.

    Raises:
        WeightsError: If they are not available.
    """
    return FINDERS[encoder.architecture](encoder.weights)


def weights_sha256(config: SystemConfig) -> dict[str, str]:
    """Hash the pretrained files that a model reads, e.g. {"text/model.safetensors": "1f0c..."}.

    Returns:
        SHA-256 in hexadecimal by encoder and file; empty if the model reads no checkpoint.

    Raises:
        WeightsError: If a checkpoint is not available.
    """
    return {
        f"{modality}/{path.name}": _sha256(path, path.stat().st_size, path.stat().st_mtime_ns)
        for modality, encoder in config.pretrained_encoders.items()
        for path in find_files(encoder)
    }


@lru_cache
def _sha256(path: Path, _num_bytes: int, _changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
