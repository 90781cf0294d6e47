"""The decisions of all trials on the test split, counted, in one small file.

With it, tables need not read the predictions of each trial. It is a cache: an entry is valid only
for the record that it was counted for, and the file may be deleted at any time.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reports.ledger.files import write_atomically
from reports.ledger.record import Record
from reports.scores.metrics import Counts

INDEX_FILE = Path("index", "test-counts.parquet")


class CountIndex:
    """Counts of decisions by record; `keep` adds counts, `write` saves them for the next time."""

    def __init__(self, storage: Path) -> None:
        self._path = storage / INDEX_FILE
        self._counts = _read(self._path)
        self._num_written = len(self._counts)

    def find(self, record: Record) -> Counts | None:
        """Return a trial's counts; None if they are unknown.

        Shapes:
            (K, 4): TP, FP, TN, FN of every emotion
        """
        return self._counts.get(_name(record))

    def keep(self, record: Record, counts: Counts) -> None:
        """Add a trial's counts."""
        self._counts[_name(record)] = counts

    def write(self) -> None:
        """Write the file if counts were added; keep what other processes have written meanwhile."""
        if len(self._counts) == self._num_written:
            return
        self._counts = {**_read(self._path), **self._counts}
        self._num_written = len(self._counts)
        table = pa.table(
            {
                "record": list(self._counts),
                "counts": [counts.ravel().tolist() for counts in self._counts.values()],
            }
        )
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        write_atomically(self._path, sink.getvalue().to_pybytes())


def _name(record: Record) -> str:
    """Name all that a trial's decisions depend on."""
    decided_by = f"{record.key} {record.result.predictions_sha256} {record.result.thresholds}"
    return hashlib.sha256(decided_by.encode()).hexdigest()


def _read(path: Path) -> dict[str, Counts]:
    """Read the file; a missing or damaged file counts as empty."""
    try:
        table = pq.read_table(path)
        lists: Mapping[str, list[int]] = dict(
            zip(table["record"].to_pylist(), table["counts"].to_pylist(), strict=True)
        )
    except (OSError, pa.ArrowException, KeyError):
        return {}
    return {name: np.array(counts).reshape(-1, 4) for name, counts in lists.items()}
