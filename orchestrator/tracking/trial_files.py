"""The files of a finished trial that its run gets: what `pull` rebuilds a ledger from."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from orchestrator.storage.trials import fetch_model
from reports.ledger.ledger import (
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    TOKENIZER_FILE,
    Ledger,
    LedgerError,
    read_predictions,
)
from reports.ledger.record import Predictions, Record

MODEL_FOLDER = "model"
BYTES_A_PARAMETER = 4


class RecordFiles(NamedTuple):
    """The bytes of a record and of its predictions, as they lie in the ledger."""

    record: bytes
    predictions: bytes

    @property
    def by_name(self) -> dict[str, bytes | Path]:
        """The files by the names that they have in the ledger."""
        return {PREDICTIONS_FILE: self.predictions, RECORD_FILE: self.record}


class TrialFiles:
    """The files of finished trials; models are among them if they take at most `max_model_mib`."""

    def __init__(self, storage: Path, max_model_mib: float) -> None:
        self._storage = storage
        self._ledger = Ledger(storage)
        self._max_model_mib = max_model_mib

    def read(self, record: Record) -> RecordFiles:
        """Read a record and its predictions.

        Raises:
            LedgerError: If a file is missing, or the predictions are not those that were recorded.
        """
        folder = self._ledger.folder(record.key)
        try:
            predictions = self._ledger.predictions_file(record).read_bytes()
            files = RecordFiles((folder / RECORD_FILE).read_bytes(), predictions)
        except FileNotFoundError as error:
            raise LedgerError(f"trial '{record.key}' has no record or no predictions") from error
        if hashlib.sha256(files.predictions).hexdigest() != record.result.predictions_sha256:
            raise LedgerError(f"predictions of trial '{record.key}' are not those that it recorded")
        return files

    def models(self, record: Record) -> dict[str, bytes | Path]:
        """Find the trained model and its tokenizer, if they exist and are not too large.

        Raises:
            LedgerError: If the model cannot be fetched from the bucket.
        """
        if record.result.num_parameters * BYTES_A_PARAMETER / 2**20 > self._max_model_mib:
            return {}
        try:
            fetch_model(self._storage, record)
        except OSError as error:
            raise LedgerError(
                f"model of trial '{record.key}' cannot be fetched: {error}"
            ) from error
        folder = self._ledger.folder(record.key)
        files = [folder / name for name in (MODEL_FILE, TOKENIZER_FILE)]
        there = [file for file in files if file.is_file()]
        size_mib = sum(file.stat().st_size for file in there) / 2**20
        if record.circumstances.model_sha256 is None or size_mib > self._max_model_mib:
            return {}
        return {file.name: file for file in there}


def read_test(record: Record, files: RecordFiles) -> Predictions | None:
    """Read the predictions on test, if a trial has any."""
    if record.result.best is None:
        return None
    return read_predictions(pa.BufferReader(files.predictions), ("test",))["test"]
