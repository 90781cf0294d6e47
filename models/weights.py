"""Pretrained weights: where they are, what they hash to, and the error when they cannot be had."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import HfApi, hf_hub_download, try_to_load_from_cache

from models.config import LeConfig, Unimodal

CONFIG_FILE = "config.json"
PARAMETER_FILES = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = ("tokenizer.json", "spiece.model")
CHOICES = ((CONFIG_FILE,), PARAMETER_FILES, TOKENIZER_FILES)
"""The files of a checkpoint; of several choices, the first that exists is read."""

HUB_TIMEOUT_S = 10.0


class WeightsError(RuntimeError):
    """Pretrained weights that cannot be had. Says which, why, and how to get them."""

    def __init__(self, weights: str, reason: str) -> None:
        super().__init__(
            f"model.text.weights {weights!r}: {reason}. To get them: on a machine with internet "
            "access run `hf download albert-base-v2 --local-dir DIR`, copy DIR here and set "
            "model.text.weights to DIR; or choose untrained weights explicitly, with "
            "model.text.weights 'random' and model.text.sizes, or with `--scale tiny`"
        )


class Checkpoint(NamedTuple):
    """The files of one checkpoint; all lie in one folder."""

    config: Path
    parameters: Path
    tokenizer: Path

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self.config.parent


def find_checkpoint(weights: str) -> Checkpoint:
    """Find an ALBERT in a folder, else in the local hub cache, else on the hub.

    Raises:
        WeightsError: If there is none, or it is no ALBERT. Without a network it says so at once.
    """
    folder = Path(weights).expanduser()
    checkpoint = _in_folder(weights, folder) if folder.is_dir() else _on_hub(weights)
    _check_architecture(weights, checkpoint.config)
    return checkpoint


def weights_sha256(config: LeConfig) -> dict[str, str]:
    """Hash the pretrained files that a model reads, e.g. {"text/model.safetensors": "1f0c..."}.

    Returns:
        SHA-256 in hexadecimal by branch and file; empty if the model reads no checkpoint.

    Raises:
        WeightsError: If a checkpoint cannot be had.
    """
    reads_text = not isinstance(config.fusion, Unimodal) or config.fusion.modality == "text"
    if not (reads_text and config.text.pretrained):
        return {}
    return {
        f"text/{path.name}": _sha256(path, path.stat().st_size, path.stat().st_mtime_ns)
        for path in find_checkpoint(config.text.weights)
    }


def _in_folder(weights: str, folder: Path) -> Checkpoint:
    files = []
    for choices in CHOICES:
        found = [folder / name for name in choices if (folder / name).is_file()]
        if not found:
            raise WeightsError(weights, f"the folder has no {' and no '.join(choices)}")
        files.append(found[0])
    return Checkpoint(*files)


def _on_hub(weights: str) -> Checkpoint:
    """Prefer the local cache: a later revision on the hub then changes no study half-way."""
    try:
        return _cached(weights) or _downloaded(weights)
    except Exception as error:  # the hub client's errors share no base class
        reason = f"it is no folder here, not in the hub's local cache, and no download: {error}"
        raise WeightsError(weights, reason) from error


def _cached(weights: str) -> Checkpoint | None:
    files = []
    for choices in CHOICES:
        cached = (try_to_load_from_cache(weights, name) for name in choices)
        found = [path for path in cached if isinstance(path, str)]
        if not found:
            return None
        files.append(Path(found[0]))
    return Checkpoint(*files)


def _downloaded(weights: str) -> Checkpoint:
    # Asked first because it fails at once; hf_hub_download retries for 23 s without a network.
    listed = HfApi().model_info(weights, timeout=HUB_TIMEOUT_S).siblings or []
    there = {file.rfilename for file in listed}
    names = (next((name for name in choices if name in there), choices[0]) for choices in CHOICES)
    return Checkpoint(*(Path(hf_hub_download(weights, name)) for name in names))


def _check_architecture(weights: str, config: Path) -> None:
    try:
        model_type = json.loads(config.read_text())["model_type"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(weights, f"{config} names no model_type: {error!r}") from error
    if model_type != "albert":
        raise WeightsError(weights, f"its architecture is {model_type!r}; choose from 'albert'")


@lru_cache
def _sha256(path: Path, _num_bytes: int, _changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
