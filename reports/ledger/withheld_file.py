"""What a trained model predicts on the test split where modalities are withheld, in a file.

The file can be made again from the kept model at any time. So one that is damaged, that another
version wrote, or that belongs to another record of the trial, counts as missing.
"""

import hashlib
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from models.configs.base import Config
from reports.ledger.files import write_atomically
from reports.ledger.ledger import read_predictions, to_table
from reports.ledger.record import Predictions, Record
from search_spaces.metrics.metric import Withheld
from search_spaces.metrics.withheld import place_of

FOLDER = "withheld"
SUFFIX = ".parquet"
FACTS, SHA256 = b"facts", b"sha256"


class WithheldFacts(Config):
    """Which model was tested, and what it lacked.

    Attributes:
        version: Raised when the same model would give other predictions; another version counts as
            missing.
        key: The trial.
        predictions_sha256: Names the record of the trial.
        withheld: The modalities, and of how many percent of the utterances.
    """

    version: Literal[1] = 1
    key: str
    predictions_sha256: str
    withheld: Withheld


def withheld_file(storage: Path, record: Record, withheld: Withheld) -> Path:
    """Return where these predictions of a trial lie, or would lie."""
    return storage / FOLDER / f"{record.key}-{place_of(withheld)}{SUFFIX}"


def write_withheld(storage: Path, record: Record, withheld: Withheld, test: Predictions) -> Path:
    """Write the file and return its path."""
    facts = _facts(record, withheld).model_dump_json().encode()
    metadata = {FACTS: facts, SHA256: _digest(facts, test)}
    sink = pa.BufferOutputStream()
    pq.write_table(to_table("test", test).replace_schema_metadata(metadata), sink)
    path = withheld_file(storage, record, withheld)
    write_atomically(path, sink.getvalue().to_pybytes())
    return path


def read_withheld(storage: Path, record: Record, withheld: Withheld) -> Predictions | None:
    """Read these predictions of a trial; None if there is no file that can be used."""
    try:
        file = withheld_file(storage, record, withheld).read_bytes()
    except FileNotFoundError:
        return None
    try:
        metadata = pq.read_schema(pa.BufferReader(file)).metadata or {}
        facts = parse_json(metadata.get(FACTS, b""), WithheldFacts)
        test = read_predictions(pa.BufferReader(file), ["test"])["test"]
    except (ParseError, pa.ArrowException, AttributeError, OSError, KeyError, ValueError):
        return None  # Parquet raises any of the last five
    is_whole = metadata.get(SHA256) == _digest(metadata[FACTS], test)
    return test if is_whole and facts == _facts(record, withheld) else None


def _facts(record: Record, withheld: Withheld) -> WithheldFacts:
    sha256 = record.result.predictions_sha256
    return WithheldFacts(key=record.key, predictions_sha256=sha256, withheld=withheld)


def _digest(facts: bytes, test: Predictions) -> bytes:
    """Hash the facts and the predictions."""
    digest = hashlib.sha256(facts)
    digest.update("\0".join([*test.ids.tolist(), *test.groups.tolist()]).encode())
    digest.update(test.labels.tobytes() + test.probabilities.tobytes())
    return digest.hexdigest().encode()
