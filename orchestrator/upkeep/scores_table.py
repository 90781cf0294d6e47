"""The scores of studies as one table for other programs."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from reports.forms.plain import csv_cell
from reports.ledger.files import stream_atomically, write_atomically
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.ledger.record import Record
from reports.scores.lines import ScoreLine, every_column, score_lines
from reports.scores.trials import TrialScores


def write_scores(chosen: Iterable[Planned], storage: Path, path: Path) -> int:
    """Write the scores of studies as CSV or Parquet, by the file's suffix.

    Returns:
        How many there are.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
        OSError: If the file cannot be written.
        StudyError: If a metric of a study's own is not loaded.
    """
    trial_scores = TrialScores(Ledger(storage))
    frames = (_frame_of(planned, trial_scores) for planned in chosen)
    num_lines = 0

    def write_csv(file: BinaryIO) -> None:
        """Write one study at a time: text takes less memory than columns of many thousand lines."""
        nonlocal num_lines
        for number, frame in enumerate(frames):
            num_lines += len(frame)
            text = frame.map(csv_cell).to_csv(index=False, header=not number, lineterminator="\n")
            file.write(text.encode())

    if path.suffix == ".csv":
        stream_atomically(path, write_csv)
    else:
        whole = pd.concat(frames, ignore_index=True)
        num_lines = len(whole)
        buffer = io.BytesIO()
        whole.to_parquet(buffer, index=False)
        write_atomically(path, buffer.getvalue())
    trial_scores.remember()
    return num_lines


def _frame_of(planned: Planned, trial_scores: TrialScores) -> pd.DataFrame:
    """Make the table of one study."""
    lines = list(score_lines(planned, trial_scores, every_column(planned, trial_scores)))
    records = trial_scores.finished(line.key for line in lines)
    facts = pd.DataFrame(
        [_facts(records[line.key]) for line in lines], columns=[*_FACTS], dtype=object
    )
    return pd.concat([pd.DataFrame(lines, columns=[*ScoreLine._fields]), facts], axis=1)


_FACTS = ("system", "code_version", "code_digest", "device", "precision", "started_at")


def _facts(record: Record) -> tuple[str, ...]:
    """Tell what trained a trial, and on what."""
    one = record.circumstances
    code = one.code_digest or ""
    system = record.trial.config.model.system
    return system, one.code_version, code, one.device, one.precision, one.started_at
