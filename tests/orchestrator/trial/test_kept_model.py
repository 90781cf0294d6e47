import re
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

from corpora.text.tokens import TokenSettings, make_tokenizer
from orchestrator.errors import KeptModelError
from orchestrator.trial.kept_model import keep_model, read_kept_model
from reports.ledger.files import sha256_of
from reports.ledger.ledger import TOKENIZER_FILE, Ledger
from reports.ledger.record import Record
from tests.reports.factories import make_record, make_trial


def keep(storage: Path) -> tuple[Record, Path, Tokenizer]:
    """Keep a model with a tokenizer, and return its record and the tokenizer's file."""
    ledger, trial = Ledger(storage), make_trial()
    folder = ledger.folder(trial.key)
    folder.mkdir(parents=True)
    tokenizer = make_tokenizer(
        TokenSettings(weights=None, vocabulary=10, max_tokens=8), ["so happy", "so sad"]
    )
    sha256 = keep_model(folder, nn.Linear(1, 1), tokenizer)
    record = make_record(trial, "0" * 64)
    circumstances = record.circumstances.model_copy(update={"model_sha256": sha256})
    record = record.model_copy(update={"circumstances": circumstances})
    return record, folder / TOKENIZER_FILE, tokenizer


def test_kept_tokenizer_is_read(tmp_path: Path) -> None:
    record, _, tokenizer = keep(tmp_path)
    _, found = read_kept_model(Ledger(tmp_path), record)
    assert found is not None
    assert found.to_str() == tokenizer.to_str()


@pytest.mark.parametrize("damage", ["emptied", "truncated", "another word", "of another schema"])
def test_damaged_tokenizer_is_refused(tmp_path: Path, damage: str) -> None:
    record, file, _ = keep(tmp_path)
    content = file.read_bytes()
    file.write_bytes(
        {
            "emptied": b"",
            "truncated": content[: len(content) // 2],
            "another word": content.replace(b"happy", b"hippy"),
            "of another schema": b"{}",
        }[damage]
    )
    with pytest.raises(KeptModelError, match=re.escape(f"tokenizer '{file}' is damaged")):
        read_kept_model(Ledger(tmp_path), record)


def test_tokenizer_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Its model holds no digest of it."""
    record, _, tokenizer = keep(tmp_path)
    model = Ledger(tmp_path).model_file(record)
    assert model is not None
    save_file(load_file(model), model)
    circumstances = record.circumstances.model_copy(update={"model_sha256": sha256_of(model)})
    plain = model.with_name("model.safetensors")
    model.rename(plain)
    record = record.model_copy(update={"circumstances": circumstances})
    _, found = read_kept_model(Ledger(tmp_path), record)
    assert found is not None
    assert found.to_str() == tokenizer.to_str()
