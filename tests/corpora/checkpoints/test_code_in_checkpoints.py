"""A checkpoint may hold Python beside its weights; nobody is asked, and nothing of it is run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file
from torch import zeros

from corpora.checkpoints.errors import CheckpointError
from corpora.checkpoints.files import find_checkpoint
from corpora.checkpoints.load import load_encoder
from corpora.source.errors import CorpusError
from corpora.text.tokens import pretrained_tokenizer
from corpora.text.word_vectors import EncoderVectors

CODE = """
from pathlib import Path
Path({ran!r}).touch()
from transformers import PretrainedConfig as Own
"""
CLASSES = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkpoint with code, before a user who answers each question with yes."""
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "own.py").write_text(CODE.format(ran=str(tmp_path / "ran")))
    settings = json.dumps({"model_type": "own", "auto_map": CLASSES})
    for name in ("config.json", "tokenizer_config.json", "preprocessor_config.json"):
        (folder / name).write_text(settings)
    save_file({"weight": zeros(1)}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda place: load_encoder(find_checkpoint(place, "audio")), CheckpointError),
        (EncoderVectors, CorpusError),
        (pretrained_tokenizer, ValueError),
    ],
    ids=["encoder", "word vectors", "tokenizer"],
)
def test_code_of_a_checkpoint_is_not_run(
    read: Callable[[str], object], error: type[Exception], hostile: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match="custom code"):
        read(str(hostile))
    assert not (tmp_path / "ran").exists()
