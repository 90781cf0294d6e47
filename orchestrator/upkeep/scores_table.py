"""The scores of studies as one table for other programs."""

import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from reports.forms.plain import csv_cell
from reports.ledger.files import write_atomically
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
    lines = [
        line
        for planned in chosen
        for line in score_lines(planned, trial_scores, every_column(planned, trial_scores))
    ]
    trial_scores.remember()
    records = trial_scores.finished(line.key for line in lines)
    facts = pd.DataFrame(
        [_facts(records[line.key]) for line in lines], columns=[*_FACTS], dtype=object
    )
    frame = pd.concat([pd.DataFrame(lines, columns=[*ScoreLine._fields]), facts], axis=1)
    if path.suffix == ".csv":
        content = frame.map(csv_cell).to_csv(index=False, lineterminator="\n").encode()
    else:
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        content = buffer.getvalue()
    write_atomically(path, content)
    return len(lines)


_FACTS = ("system", "code_version", "code_digest", "device", "precision", "started_at")


def _facts(record: Record) -> tuple[str, ...]:
    """Tell what trained a trial, and on what."""
    one = record.circumstances
    code = one.code_digest or ""
    system = record.trial.config.model.system
    return system, one.code_version, code, one.device, one.precision, one.started_at
