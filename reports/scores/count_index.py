"""The decisions of all trials on the test split, counted, in one small file.

With it, tables need not read the predictions of each trial. It is a cache: an entry is valid only
for the record that it was counted for, and the file may be deleted at any time. Its name holds the
digest of its content, so a damaged file is told and replaced by new counts. If two processes write
at once, two files stand there until the next process joins them.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reports.ledger.files import NUM_DIGITS, stage, staged_at
from reports.ledger.ledger import read_parquet
from reports.ledger.record import Record
from reports.metrics.decisions import Counts

INDEX_FILE = Path("index", "test-counts.parquet")
"""Before the digest of its content is added to its name, as `staged_at` does."""

LOG = logging.getLogger(__name__)


class CountIndex:
    """Counts of decisions by record; `keep` adds counts, `write` saves them for the next time."""

    def __init__(self, storage: Path) -> None:
        self._path = storage / INDEX_FILE
        self._counts = _read_all(_files(self._path))
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
        before = _files(self._path)
        self._counts = {**_read_all(before), **self._counts}
        self._num_written = len(self._counts)
        table = pa.table(
            {
                "record": list(self._counts),
                "counts": [counts.ravel().tolist() for counts in self._counts.values()],
            }
        )
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        written = staged_at(self._path, stage(self._path, sink.getvalue().to_pybytes()))
        for path in {self._path, *before} - {written}:  # an earlier version wrote no digest
            path.unlink(missing_ok=True)


def _name(record: Record) -> str:
    """Name all that a trial's decisions depend on."""
    decided_by = f"{record.key} {record.result.predictions_sha256} {record.result.thresholds}"
    return hashlib.sha256(decided_by.encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    """List the index's files: usually one."""
    return sorted(path.parent.glob(staged_at(path, "?" * NUM_DIGITS).name))


def _read_all(paths: Sequence[Path]) -> dict[str, Counts]:
    """Read the index's files; a missing or damaged one counts as empty."""
    return {name: counts for path in paths for name, counts in _read(path).items()}


def _read(path: Path) -> dict[str, Counts]:
    try:
        content = path.read_bytes()
    except OSError:  # another process has joined it with its own
        return {}
    sha256 = hashlib.sha256(content).hexdigest()
    if not path.stem.endswith(f"-{sha256[:NUM_DIGITS]}"):
        LOG.warning("index '%s' is damaged: its decisions are counted anew", path)
        return {}
    table = read_parquet(pa.BufferReader(content))
    lists: Mapping[str, list[int]] = dict(
        zip(table["record"].to_pylist(), table["counts"].to_pylist(), strict=True)
    )
    return {name: np.array(counts).reshape(-1, 4) for name, counts in lists.items()}
