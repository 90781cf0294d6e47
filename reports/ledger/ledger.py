"""The ledger: one immutable record for each finished trial, in a folder named by the trial's key.

A trial is finished in three steps:

1. Its files are staged under names that hold their digests: `predictions-<digest>.parquet`. The
   record names the files by these digests.
2. `record.json` is created, once. Only this step makes the trial finished.
3. The staged files are renamed to their final names: `predictions.parquet`.

So two processes can finish the same trial: neither overwrites a file that the other's record names.
If a writer dies before step 3, readers still find the staged files.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.parsing.errors import ParseError
from corpora.source.split import Split
from reports.ledger.files import NUM_DIGITS, PARTIAL_SUFFIX, create_once, stage, staged_at
from reports.ledger.record import EVALUATED_SPLITS, Predictions, Record
from reports.ledger.record_file import parse_record, record_bytes

RECORD_FILE = "record.json"
PREDICTIONS_FILE = "predictions.parquet"
CHECKPOINT_FILE = "checkpoint.pt"
MODEL_FILE, TOKENIZER_FILE = "model.safetensors", "tokenizer.json"
LOCK_FILE = "lock"
"""Whoever trains a trial holds this file of it."""


class LedgerError(UserError):
    """The ledger cannot be written, or a record in it is damaged."""


class Ledger:
    """All finished trials below a storage folder."""

    def __init__(self, storage: Path) -> None:
        self.storage = storage
        self.trials = storage / "trials"

    def folder(self, key: str) -> Path:
        """Return the folder of a trial, finished or not."""
        return self.trials / key

    def find(self, key: str) -> Record | None:
        """Read the record of a trial; None if the trial is not finished.

        Raises:
            LedgerError: If the record is damaged, or is that of another trial.
        """
        path = self.folder(key) / RECORD_FILE
        try:
            return parse_record(path.read_bytes(), key)
        except FileNotFoundError:
            return None
        except ParseError as error:
            raise LedgerError(
                f"record '{path}' is damaged: {error}; restore the file, or move its folder away "
                "to train the trial again"
            ) from error

    def finished(self, keys: Iterable[str]) -> dict[str, Record]:
        """Read the records of the finished trials by key, in the order given; skip the others.

        Raises:
            LedgerError: If records are damaged; the message names all of them.
        """
        found: dict[str, Record] = {}
        faults: list[str] = []
        for key in dict.fromkeys(keys):
            try:
                record = self.find(key)
            except LedgerError as error:
                faults.append(str(error))
            else:
                found |= {} if record is None else {key: record}
        if faults:
            raise LedgerError("\n".join(faults))
        return found

    def records(self, *, leaves_damaged: bool = False) -> Iterator[Record]:
        """Read every record, in the order of the keys.

        Raises:
            LedgerError: If a record is damaged, unless those are left out.
        """
        for path in sorted(self.trials.glob(f"*/{RECORD_FILE}")):
            try:
                record = self.find(path.parent.name)
            except LedgerError:
                if not leaves_damaged:
                    raise
                continue
            if record is not None:
                yield record

    def predictions(
        self, record: Record, splits: Sequence[Split] = EVALUATED_SPLITS
    ) -> dict[Split, Predictions]:
        """Read what a trial predicted on the validation and test splits, or on the given ones.

        Raises:
            LedgerError: If the file is missing, if its digest is not the one in the record, or if
                it does not fit the record's emotions.
        """
        path = self.predictions_file(record)
        if not path.is_file():
            raise LedgerError(
                f"predictions '{path}' are missing though the trial has a record; restore the "
                "file, or delete the record to train the trial again"
            )
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != record.result.predictions_sha256:
            raise LedgerError(
                f"predictions '{path}' do not have the SHA-256 that the record names; restore the "
                "file, or delete the record to train the trial again"
            )
        predictions = read_predictions(pa.BufferReader(content), splits)
        num_emotions = len(record.result.emotions)
        for of_split in predictions.values():
            found = {of_split.labels.shape[-1], of_split.probabilities.shape[-1]}
            if of_split.ids.size and found != {num_emotions}:
                raise LedgerError(
                    f"predictions '{path}' are of {max(found)} emotions, but the record names "
                    f"{num_emotions}; move its folder away to train the trial again"
                )
        return predictions

    def predictions_file(self, record: Record) -> Path:
        """Return the path of the predictions that a record names."""
        path = self.folder(record.key) / PREDICTIONS_FILE
        return _staged_or_placed(path, record.result.predictions_sha256)

    def model_file(self, record: Record) -> Path | None:
        """Return the path of the model that a record names; None if it names no model."""
        sha256 = record.circumstances.model_sha256
        path = self.folder(record.key) / MODEL_FILE
        return None if sha256 is None else _staged_or_placed(path, sha256)

    def write(self, record: Record) -> Record:
        """Finish a trial whose files are staged; do nothing if it is finished already.

        Returns:
            The record that is in the ledger. If another process wrote it first, the files of our
            record are removed.

        Raises:
            LedgerError: If there are no predictions, or the record in the ledger is damaged.
        """
        path = self.folder(record.key) / RECORD_FILE
        while (standing := self.find(record.key)) is None:
            if not self.predictions_file(record).is_file():
                raise LedgerError(
                    f"trial '{record.key}' has no predictions to record in "
                    f"'{self.folder(record.key)}'"
                )
            create_once(path, record_bytes(record))
        self.move_into_place(standing)
        return standing

    def move_into_place(self, standing: Record) -> None:
        """Rename the files that a record names into place; remove all other staged files."""
        folder = self.folder(standing.key)
        named = {
            PREDICTIONS_FILE: standing.result.predictions_sha256,
            MODEL_FILE: standing.circumstances.model_sha256,
        }
        for name, sha256 in named.items():
            if sha256 is not None:
                with suppress(FileNotFoundError):  # the file is in place already
                    staged_at(folder / name, sha256).replace(folder / name)
            for staged in folder.glob(staged_at(Path(name), "?" * NUM_DIGITS).name):
                staged.unlink(missing_ok=True)


def stage_predictions(folder: Path, predictions: Mapping[Split, Predictions]) -> str:
    """Stage the splits' predictions as one Parquet file.

    Returns:
        The file's SHA-256; equal predictions give equal bytes.
    """
    tables = [to_table(split, predictions[split]) for split in EVALUATED_SPLITS]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(tables), sink)
    return stage(folder / PREDICTIONS_FILE, sink.getvalue().to_pybytes())


def read_parquet(file: Path | pa.NativeFile) -> pa.Table:
    """Read a Parquet file in this thread alone.

    A thread of PyArrow may let go of the file's bytes as late as while Python ends, and that aborts
    the process. `pyarrow.parquet.read_table` starts such threads whatever it is told.
    """
    with pq.ParquetFile(file, pre_buffer=False) as opened:
        return opened.read(use_threads=False)


def read_predictions(
    file: Path | pa.NativeFile, splits: Sequence[Split] = EVALUATED_SPLITS
) -> dict[Split, Predictions]:
    """Read a predictions file, or some of its splits."""
    table = read_parquet(file)
    return {split: _from_table(table.filter(pc.equal(table["split"], split))) for split in splits}


def remove_partial_files(folder: Path) -> None:
    """Remove the partial files that killed trainings left; do not touch other files there."""
    for name in (CHECKPOINT_FILE, PREDICTIONS_FILE, MODEL_FILE, TOKENIZER_FILE, RECORD_FILE):
        for partial in folder.glob(f".{Path(name).stem}*{PARTIAL_SUFFIX}"):
            partial.unlink(missing_ok=True)


def _staged_or_placed(path: Path, sha256: str) -> Path:
    staged = staged_at(path, sha256)
    return staged if staged.is_file() else path


def to_table(split: Split, predictions: Predictions) -> pa.Table:
    """Write a split's predictions as the rows of a predictions file."""
    of_labels = pa.from_numpy_dtype(predictions.labels.dtype)
    return pa.table(
        {
            "split": pa.array([split] * len(predictions.ids)),
            "utterance": pa.array(predictions.ids.tolist()),
            "group": pa.array(predictions.groups.tolist()),
            "labels": pa.array(predictions.labels.tolist(), pa.list_(of_labels)),
            "probabilities": pa.array(predictions.probabilities.tolist(), pa.list_(pa.float32())),
        }
    )


def _from_table(table: pa.Table) -> Predictions:
    return Predictions(
        ids=table["utterance"].to_numpy().astype(np.str_),
        groups=table["group"].to_numpy().astype(np.str_),
        labels=_to_matrix(table["labels"]),
        probabilities=_to_matrix(table["probabilities"]),
    )


def _to_matrix(column: pa.ChunkedArray) -> NDArray[Any]:
    """Stack lists of equal length."""
    values = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(column), -1) if len(column) else values.reshape(0, 0)
