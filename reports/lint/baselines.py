"""Rows with a printed gain that stay below a baseline which the same paper trained again.

An ablation's gain is over the line before it. Whether the step also beats the baselines of the
paper's other tables is not printed there; this puts the two together. Baselines that are quoted
from elsewhere are left out: they may have had other data.
"""

from reports.printed.finding import Check, Examined, Finding
from reports.printed.numbers import PrintedScore, averages_of, by_row, printed_scores
from search_spaces.published import PublishedData

TRAINED_AGAIN = ("reproduced", "xia_reproduction")
"""Marks of rows that the paper's authors trained themselves from another's description or code."""

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
    """Name the averages of a row that lie below a baseline's, whatever rounding hid."""
    theirs = averages_of(baseline)
    return [
        f"{quantity.corpus} {quantity.metric} {own.text} is below "
        f"{theirs[quantity].text_in(own.unit)} of {baseline[0].row_reference}, trained again by "
        "the same paper"
        for quantity, own in averages_of(row).items()
        if quantity in theirs and own.high < theirs[quantity].low
    ]


def _paper(data: PublishedData, row: Row) -> str:
    return data.tables[row[0].table].paper


BASELINES = Check(
    "baselines",
    "rows with a printed gain below a baseline that the paper trained again",
    "rows with printed gains",
    check_baselines,
)
