"""Keeps the model of a finished trial beside its record: parameters and tokenizer."""

from pathlib import Path

from safetensors.torch import load_file, save
from tokenizers import Tokenizer
from torch import Tensor, nn

from orchestrator.errors import KeptModelError
from orchestrator.storage.trials import fetch_model
from reports.ledger.files import sha256_of, stage, write_atomically
from reports.ledger.ledger import MODEL_FILE, TOKENIZER_FILE, Ledger
from reports.ledger.record import Record


def keep_model(folder: Path, model: nn.Module, tokenizer: Tokenizer | None) -> str:
    """Stage a trained model, and write the tokenizer that made its tokens, if it reads tokens.

    Returns:
        The SHA-256 of the model's file.
    """
    if tokenizer is not None:
        write_atomically(folder / TOKENIZER_FILE, tokenizer.to_str().encode())
    return stage(folder / MODEL_FILE, state_bytes(model))


def state_bytes(model: nn.Module) -> bytes:
    """Write the values of a model as the content of a file."""
    return save({name: value.cpu().contiguous() for name, value in model.state_dict().items()})


def num_bytes(model: nn.Module) -> int:
    """Return about how many bytes a kept model takes on disk."""
    return sum(value.nbytes for value in model.state_dict().values())


def read_kept_model(ledger: Ledger, record: Record) -> tuple[dict[str, Tensor], Tokenizer | None]:
    """Read what `keep_model` wrote.

    Raises:
        KeptModelError: If the model is missing, or is not the one that the record names; or if the
            trial's config means another computation since then.
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
    tokenizer = path.with_name(TOKENIZER_FILE)
    return load_file(path), Tokenizer.from_file(str(tokenizer)) if tokenizer.is_file() else None
