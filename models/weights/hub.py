"""Checkpoints of text encoders: a folder, or a name on the Hugging Face hub."""

from pathlib import Path
from typing import NamedTuple

from huggingface_hub import HfApi, hf_hub_download, try_to_load_from_cache
from pydantic import BaseModel

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.parsing.paths import expand_home
from models.weights.errors import WeightsError

CONFIG_FILE = "config.json"
PARAMETER_FILES = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = ("tokenizer.json", "spiece.model")
CHOICES = ((CONFIG_FILE,), PARAMETER_FILES, TOKENIZER_FILES)
"""The files of a checkpoint; the first of several choices that exists is read."""

HUB_TIMEOUT_S = 10.0


DEFAULT_NAMES = {"albert": "albert-base-v2", "bert": "bert-base-uncased"}
"""The checkpoint of each architecture that the papers use."""


class _Architecture(BaseModel):
    """What a checkpoint's config says of its architecture; other fields are ignored."""

    model_type: str


class Checkpoint(NamedTuple):
    """The files of one checkpoint; all lie in one folder."""

    config: Path
    parameters: Path
    tokenizer: Path

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self.config.parent


def text_weights_error(weights: str, reason: str, architecture: str) -> WeightsError:
    """Make the error of a text checkpoint that is not available: why, and how to get it."""
    name = DEFAULT_NAMES[architecture]
    advice = (
        f"on a machine with internet access run `hf download {name} --local-dir DIR`, copy DIR "
        "here and set model.text.weights to DIR; or choose untrained weights explicitly, with "
        "model.text.weights 'random' and model.text.sizes, or with `--scale tiny`"
    )
    return WeightsError("model.text.weights", weights, reason, advice)


def find_checkpoint(weights: str, architecture: str) -> Checkpoint:
    """Find a checkpoint in a folder, else in the local hub cache, else on the hub.

    Raises:
        WeightsError: If there is none, or it is of another architecture. Without a network, the
            error comes at once.
    """
    folder = expand_home(weights)
    try:
        checkpoint = _in_folder(folder) if folder.is_dir() else _on_hub(weights)
        _check_architecture(checkpoint.config, architecture)
    except _UnusableError as error:
        raise text_weights_error(weights, str(error), architecture) from error
    return checkpoint


class _UnusableError(Exception):
    """Why a checkpoint cannot be used."""


def _in_folder(folder: Path) -> Checkpoint:
    files = []
    for choices in CHOICES:
        found = [folder / name for name in choices if (folder / name).is_file()]
        if not found:
            raise _UnusableError(f"the folder has no {' and no '.join(choices)}")
        files.append(found[0])
    return Checkpoint(*files)


def _on_hub(weights: str) -> Checkpoint:
    """Prefer the local cache: a later revision on the hub then changes no study half-way."""
    try:
        return _cached(weights) or _downloaded(weights)
    except Exception as error:  # the hub client's errors share no base class
        reason = (
            "it is not a folder here, not in the hub's local cache, and the download failed: "
            f"{error}"
        )
        raise _UnusableError(reason) from error


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
    # This call comes first, because it fails at once; without a network hf_hub_download retries
    # for 23 s.
    listed = HfApi().model_info(weights, timeout=HUB_TIMEOUT_S).siblings or []
    there = {file.rfilename for file in listed}
    names = (next((name for name in choices if name in there), choices[0]) for choices in CHOICES)
    return Checkpoint(*(Path(hf_hub_download(weights, name)) for name in names))


def _check_architecture(config: Path, wanted: str) -> None:
    try:
        found = parse_json(config.read_bytes(), _Architecture).model_type
    except ParseError as error:
        raise _UnusableError(f"{config} names no model_type: {error}") from error
    if found != wanted:
        raise _UnusableError(f"its architecture is {found!r}; choose one of type {wanted!r}")
