"""Keeps the model of a finished trial beside its record: parameters and tokenizer."""

import hashlib
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save
from tokenizers import Tokenizer
from torch import Tensor, nn

from orchestrator.errors import KeptModelError
from orchestrator.storage.trials import fetch_model
from reports.ledger.files import sha256_of, stage, write_atomically
from reports.ledger.ledger import MODEL_FILE, TOKENIZER_FILE, Ledger
from reports.ledger.record import Record

TOKENIZER_SHA256 = "tokenizer_sha256"
"""The name of the digest in the metadata of a model's file."""


def keep_model(folder: Path, model: nn.Module, tokenizer: Tokenizer | None) -> str:
    """Stage a trained model, and write the tokenizer that made its tokens, if it reads tokens.

    The model's file holds the SHA-256 of the tokenizer's.

    Returns:
        The SHA-256 of the model's file.
    """
    metadata = None
    if tokenizer is not None:
        content = tokenizer.to_str().encode()
        write_atomically(folder / TOKENIZER_FILE, content)
        metadata = {TOKENIZER_SHA256: hashlib.sha256(content).hexdigest()}
    return stage(folder / MODEL_FILE, state_bytes(model, metadata))


def state_bytes(model: nn.Module, metadata: dict[str, str] | None = None) -> bytes:
    """Write the values of a model as the content of a file."""
    state = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    return save(state, metadata)


def num_bytes(model: nn.Module) -> int:
    """Return about how many bytes a kept model takes on disk."""
    return sum(value.nbytes for value in model.state_dict().values())


def read_kept_model(ledger: Ledger, record: Record) -> tuple[dict[str, Tensor], Tokenizer | None]:
    """Read what `keep_model` wrote.

    Raises:
        KeptModelError: If the model is missing, or is not the one that the record names; if its
            tokenizer is damaged; or if the trial's config means another computation since then.
    """
    if record.key != record.trial.key:
        raise KeptModelError(
            f"trial '{record.key}' was trained when its config meant another computation: this "
            f"version would compute something else with its model; run its study again, or use "
            f"the code that trained it, {record.circumstances.code_version}"
        )
    if record.result.best is None:
        raise KeptModelError(
            f"trial '{record.key}' diverged before it had a model; choose another trial"
        )
    fetch_model(ledger.storage, record)
    path = ledger.model_file(record)
    if path is None or not path.is_file():
        raise KeptModelError(
            f"trial '{record.key}' has no model in '{ledger.folder(record.key)}': it was trained "
            "with --no-models, or the file was removed; choose another trial, or move its folder "
            "away and run its study again"
        )
    if sha256_of(path) != record.circumstances.model_sha256:
        raise KeptModelError(
            f"model '{path}' is not the one that its record names; choose another trial, or move "
            "its folder away and run its study again"
        )
    return load_file(path), _read_tokenizer(path)


def _read_tokenizer(model: Path) -> Tokenizer | None:
    """Read the tokenizer beside a model; the models of earlier versions hold no digest of it."""
    path = model.with_name(TOKENIZER_FILE)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    with safe_open(model, "pt") as file:
        expected = (file.metadata() or {}).get(TOKENIZER_SHA256)
    try:
        if expected not in (None, hashlib.sha256(content).hexdigest()):
            raise ValueError("its SHA-256 is not the one in the model's file")
        return Tokenizer.from_str(content.decode())
    except Exception as error:  # the library raises plain exceptions
        raise KeptModelError(
            f"tokenizer '{path}' is damaged: {error}; choose another trial, or move its folder "
            "away and run its study again"
        ) from error
