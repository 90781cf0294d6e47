"""The printed gap between a row and its rival, by the study's own columns."""

from fractions import Fraction

from search_spaces.claim import Comparison, Score
from search_spaces.metrics.registry import find_metric
from search_spaces.printed.numbers import NOT_PRINTED, read_number
from search_spaces.study import Column, Study


def printed_gap(study: Study, comparison: Comparison) -> float | None:
    """Return the printed gain of a row over its rival, which includes the comparison's allowance.

    It is a fraction, or in the unit of a metric that is none.

    If an average over the emotions is not printed, it is computed from their printed scores.

    Returns:
        The gap; None if one of the rows is not printed.
    """
    row, rival = (
        _printed_score(study, name, comparison.score) for name in (comparison.row, comparison.rival)
    )
    if row is None or rival is None:
        return None
    sign = find_metric(comparison.score.metric).sign
    return sign * float(row - rival) + comparison.allowance


def _printed_score(study: Study, name: str, score: Score) -> Fraction | None:
    row = next(row for row in study.rows if row.name == name)
    cells = [study.find_printed(row, score.corpus, c) for c in _columns(study, score)]
    values = [None if cell is None else _read(study, cell) for cell in cells]
    found = [value for value in values if value is not None]
    return sum(found, Fraction()) / len(found) if found and len(found) == len(values) else None


def _columns(study: Study, score: Score) -> list[Column]:
    """List the printed columns of a score; several if only those of single emotions are printed."""
    printed = [
        column
        for column in study.columns.get(score.corpus, ())
        if column.published and column.metric == score.metric
    ]
    own = [column for column in printed if column.emotion == score.emotion]
    return own or (printed if score.emotion is None else [])


def _read(study: Study, reference: str) -> Fraction | None:
    table_id, row_id, column = reference.split("/")
    table = study.printed.table(table_id)
    text = study.printed.row(f"{table_id}/{row_id}").values[table.columns.index(column)]
    return None if text == NOT_PRINTED else read_number(text, table.unit_of(column)).value
