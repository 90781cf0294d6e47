"""What a linear classifier predicts on a prepared corpus, in a file beside the ledger.

The file is named by the corpus's fingerprint, and by the fold if there are any. It can be made
again from the prepared corpus at any time. So one that is damaged, or that another version wrote,
counts as missing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.source.split import Split
from corpora.source.task import TaskKind
from models.configs.base import Config, later
from reports.ledger.files import write_atomically
from reports.ledger.ledger import read_predictions, to_table
from reports.ledger.record import EVALUATED_SPLITS, Predictions
from search_spaces.trial import CorpusRef

FOLDER = "floors"
SUFFIX = ".parquet"
FACTS, SHA256 = b"facts", b"sha256"
"""The entries of the file's metadata: facts as JSON, and the digest of them and the predictions."""


class LinearFacts(Config):
    """How the linear classifier came to its predictions.

    Attributes:
        version: Raised when the same corpus would give other predictions; another version counts as
            missing.
        corpus: The prepared corpus.
        emotions: The order of the labels.
        task: What the labels are.
        features: What the classifier reads, in words.
        inverse_penalty: scikit-learn's C, chosen on validation.
        libraries: The versions of what trained it.
    """

    version: Literal[1] = 1
    corpus: CorpusRef
    emotions: tuple[str, ...]
    task: TaskKind = later("multilabel")
    features: str
    inverse_penalty: float
    libraries: dict[str, str]


@dataclass(frozen=True)
class Linear:
    """A linear classifier's predictions on the validation and test splits."""

    facts: LinearFacts
    predictions: Mapping[Split, Predictions]


def floor_file(storage: Path, content: str) -> Path:
    """Return where the predictions on a corpus lie, or would lie, by `CorpusRef.content`."""
    return storage / FOLDER / f"{content}{SUFFIX}"


def write_floor(storage: Path, linear: Linear) -> Path:
    """Write the file and return its path; equal predictions give equal bytes."""
    parts = [to_table(split, linear.predictions[split]) for split in EVALUATED_SPLITS]
    metadata = {FACTS: linear.facts.model_dump_json().encode(), SHA256: _digest(linear)}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(parts).replace_schema_metadata(metadata), sink)
    path = floor_file(storage, linear.facts.corpus.content)
    write_atomically(path, sink.getvalue().to_pybytes())
    return path


def read_floor(storage: Path, content: str) -> Linear | None:
    """Read the predictions on a corpus; None if there is no file that can be used."""
    try:
        file = floor_file(storage, content).read_bytes()
    except FileNotFoundError:
        return None
    try:
        metadata = pq.read_schema(pa.BufferReader(file)).metadata or {}
        facts = parse_json(metadata.get(FACTS, b""), LinearFacts)
        linear = Linear(facts, read_predictions(pa.BufferReader(file)))
    except (ParseError, pa.ArrowException, AttributeError, OSError, KeyError, ValueError):
        return None  # Parquet raises any of the last five
    is_whole = metadata.get(SHA256) == _digest(linear)
    return linear if is_whole and facts.corpus.content == content else None


def _digest(linear: Linear) -> bytes:
    """Hash the facts and the predictions."""
    digest = hashlib.sha256(linear.facts.model_dump_json().encode())
    for split in EVALUATED_SPLITS:
        one = linear.predictions[split]
        digest.update("\0".join([*one.ids.tolist(), *one.groups.tolist()]).encode())
        digest.update(one.labels.tobytes() + one.probabilities.tobytes())
    return digest.hexdigest().encode()
