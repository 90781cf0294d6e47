"""The appendix: one line for each finished trial."""

from collections.abc import Iterable
from dataclasses import dataclass

from reports.ledger.record import MAIN_HEADER, MAIN_METRIC, Record, Result
from reports.scores.cells import Outcome
from reports.scores.trials import TrialScores
from reports.tables.blocks import MISSING
from search_spaces.study import RowRef

HEADERS = (
    "key",
    "study/row",
    "corpus",
    "seed",
    "best epoch",
    "valid F1, %",
    "test F1, %",
    "parameters",
    "wall time, s",
    "device",
    "code version",
)


@dataclass(frozen=True)
class TrialLine:
    """A finished trial, the rows that it belongs to, and its mean F1 on both splits.

    A trial whose task has no F1 has its main score instead (`reports.ledger.record.MAIN_METRIC`).
    """

    record: Record
    rows: tuple[RowRef, ...]
    valid_score: float | None
    test_score: float | None

    @property
    def texts(self) -> tuple[str, ...]:
        """The printed texts, in the order of `HEADERS`."""
        record = self.record
        return (
            record.key,
            ", ".join(map(str, self.rows)),
            record.trial.corpus.name,
            record.trial.seed_text,
            _describe_epoch(record.result),
            _show(self.record, self.valid_score),
            _show(self.record, self.test_score),
            f"{record.result.num_parameters:,}",
            f"{record.circumstances.wall_s:.1f}",
            record.circumstances.device,
            record.circumstances.code_version,
        )


def list_trials(
    outcomes: Iterable[tuple[str, Outcome]], trial_scores: TrialScores
) -> tuple[TrialLine, ...]:
    """List each finished trial once, in the order of the studies and their rows.

    Args:
        outcomes: The outcomes of studies, each with the name of its study.
        trial_scores: The scores of their trials.

    Raises:
        LedgerError: If predictions are damaged or missing.
    """
    records: dict[str, Record] = {}
    rows: dict[str, dict[RowRef, None]] = {}
    for study, outcome in outcomes:
        for row, keys in outcome.every_planned.items():
            for key in keys:
                if key in outcome.every_record:
                    records[key] = outcome.every_record[key]
                    rows.setdefault(key, {})[RowRef(study, row)] = None
    return tuple(
        TrialLine(
            record=record,
            rows=tuple(rows[key]),
            valid_score=best.valid.get(MAIN_METRIC[record.result.task])
            if (best := record.result.best)
            else None,
            test_score=trial_scores.find(record, MAIN_METRIC[record.result.task]),
        )
        for key, record in records.items()
    )


def _describe_epoch(result: Result) -> str:
    """Describe the chosen epoch, counted from 1 as in the terminal and the curves."""
    best = MISSING if result.best is None else str(result.best.epoch + 1)
    if result.diverged_at_epoch is None:
        return best
    return f"{best}, diverged in {result.diverged_at_epoch + 1}"


def _show(record: Record, score: float | None) -> str:
    """Write an F1 in percent as the header says, and another score with its name."""
    if score is None:
        return MISSING
    metric = MAIN_METRIC[record.result.task]
    return f"{100 * score:.2f}" if metric == "f1" else f"{MAIN_HEADER[metric]} {score:.3f}"
