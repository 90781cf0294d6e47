"""The overall scores of every row: ours and the published ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from reports.scores.cells import Cell, Outcome
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Column, Row, Study

DERIVED_NOTE = "Where the paper prints single emotions only, it is derived from the printed cells."
MIN_SEEDS = 3
"""The interval of two seeds is 18 times as long as their spread: it would hide everything else."""

LINE_TYPES = {"seed": "Int64", "num_seeds": "Int64"}


@dataclass(frozen=True)
class PrintedScore:
    """A published average in its metric's unit; a derived one is the mean of printed cells."""

    score: float
    is_derived: bool


@dataclass(frozen=True)
class Average:
    """One metric of every row; `printed` holds the published value on this corpus, or None."""

    header: str
    metric: Metric
    cells: tuple[Cell, ...]
    printed: tuple[PrintedScore | None, ...]


def collect_averages(study: Study, outcome: Outcome) -> list[Average]:
    """List the metrics of which a study shows the overall score, if any row has one."""
    columns = study.columns_for(outcome.family)
    averages = [
        Average(
            header=column.header,
            metric=find_metric(column.metric),
            cells=tuple(cells[number] for cells in outcome.cells),
            printed=tuple(
                find_printed_average(study, r, outcome.family, column) for r in study.rows
            ),
        )
        for number, column in enumerate(columns)
        if column.emotion is None
    ]
    return [average for average in averages if any(cell.scores for cell in average.cells)]


def find_printed_average(
    study: Study, row: Row, corpus: str, column: Column
) -> PrintedScore | None:
    """Find the printed average of a row, or derive it if every emotion is printed."""
    printed = _read(study, row, corpus, column)
    if printed is not None:
        return PrintedScore(printed, is_derived=False)
    parts = [
        _read(study, row, corpus, part)
        for part in study.columns_for(corpus)
        if part.metric == column.metric and part.emotion is not None
    ]
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return PrintedScore(fmean(known), is_derived=True)


def _read(study: Study, row: Row, corpus: str, column: Column) -> float | None:
    """Read a printed cell as a fraction, or as it is if the metric is none."""
    reference = study.find_printed(row, corpus, column)
    if reference is None:
        return None
    table_id, row_id, name = reference.split("/")
    table = study.printed.table(table_id)
    text = study.printed.row(f"{table_id}/{row_id}").values[table.columns.index(name)]
    return float(text) / (100 if table.unit_of(name) == "percent" else 1)


def find_interval(cell: Cell) -> tuple[float, float] | None:
    """Return the 95 % Student t interval of a cell's mean; None with fewer than three seeds."""
    return cell.interval if cell.num_scores >= MIN_SEEDS else None


def tell_printed(printed: Iterable[PrintedScore | None], mark: str) -> str:
    """Say which mark published values have, and whether some are derived; empty without any."""
    known = [one for one in printed if one is not None]
    if not known:
        return ""
    sentence = f"{mark}: the published value, on the same corpus; it has no spread."
    return f"{sentence} {DERIVED_NOTE}" if any(one.is_derived for one in known) else sentence


def tabulate_averages(averages: Sequence[Average]) -> pd.DataFrame:
    """List every mean, seed and published value, one line for each."""
    lines = [line for average in averages for line in _lines(average)]
    return pd.DataFrame(lines).astype(LINE_TYPES)


def _lines(average: Average) -> Iterator[dict[str, object]]:
    for cell, printed in zip(average.cells, average.printed, strict=True):
        place = {"row": cell.row, "metric": average.header}
        low, high = find_interval(cell) or (None, None)
        if cell.mean is not None:
            yield {
                **place,
                "what": "mean",
                "seed": None,
                "score_fraction": cell.mean,
                "std_fraction": cell.std,
                "low_fraction": low,
                "high_fraction": high,
                "num_seeds": cell.num_scores,
            }
        for one in cell.scores:
            fold = {"fold": one.fold} if one.fold else {}
            yield {**place, "what": "seed", "seed": one.seed, **fold, "score_fraction": one.score}
        if printed is not None:
            what = "derived from the printed cells" if printed.is_derived else "published"
            yield {**place, "what": what, "score_fraction": printed.score}
