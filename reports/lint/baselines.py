"""Rows with a printed gain that score worse than a baseline that the same paper trained again.

The gain of an ablation is over the row before it. Its table does not say whether the step also
beats the baselines in the paper's other tables; this check compares the two. It leaves out
baselines that the paper only quotes: their data may have been different.
"""

from reports.lint.finding import Check, Examined, Finding
from search_spaces.printed.numbers import (
    Number,
    PrintedScore,
    averages_of,
    by_row,
    printed_scores,
)
from search_spaces.printed.published import PublishedData

TRAINED_AGAIN = ("reproduced", "xia_reproduction")
"""Marks of rows that the paper's authors trained themselves, from others' description or code."""

Row = list[PrintedScore]


def check_baselines(data: PublishedData) -> Examined:
    """Compare the averages of each row that has printed gains with those of each baseline."""
    rows = by_row(printed_scores(data))
    baselines = [row for row in rows if row[0].row.mark in TRAINED_AGAIN]
    for row in rows:
        rivals = [other for other in baselines if _paper(data, other) == _paper(data, row)]
        if row[0].row.printed_gain and rivals:
            lost = [text for rival in rivals for text in _lost(row, rival)]
            yield (Finding(BASELINES.name, row[0].row_reference, "; ".join(lost)) if lost else None)


def _lost(row: Row, baseline: Row) -> list[str]:
    """Name the averages of a row that are worse than the baseline's, however both were rounded."""
    theirs = averages_of(baseline)
    lower = {score.quantity.metric for score in row if score.sign < 0}
    return [
        f"{quantity.corpus} {quantity.metric} {own.text} is "
        f"{'above' if quantity.metric in lower else 'below'} "
        f"{theirs[quantity].text_in(own.unit)} of {baseline[0].row_reference}, trained again by "
        "the same paper"
        for quantity, own in averages_of(row).items()
        if quantity in theirs and _is_worse(own, theirs[quantity], quantity.metric in lower)
    ]


def _is_worse(own: Number, other: Number, is_lower_better: bool) -> bool:
    return other.high < own.low if is_lower_better else own.high < other.low


def _paper(data: PublishedData, row: Row) -> str:
    return data.tables[row[0].table].paper


BASELINES = Check(
    "baselines",
    "rows with a printed gain below a baseline that the paper trained again",
    "rows with printed gains",
    check_baselines,
)
