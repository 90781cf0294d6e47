"""Printed averages that are not the rounded mean of the printed cells."""

from reports.lint.finding import Check, Examined, Finding
from search_spaces.printed.numbers import (
    AVERAGE,
    Number,
    PrintedScore,
    by_row,
    mean_of,
    parts_of,
    printed_scores,
)
from search_spaces.printed.published import PublishedData


def check_averages(data: PublishedData) -> Examined:
    """Compare each `Avg` with the plain mean of its row's cells of that metric.

    A mean that lies half-way may be rounded up or down. The cells were rounded too; the finding
    says whether this alone can explain the difference.
    """
    for row in by_row(printed_scores(data)):
        for average in row:
            parts = parts_of(average.quantity, row) if average.quantity.emotion == AVERAGE else []
            if parts:
                yield _compare(average, parts)


def _compare(average: PrintedScore, parts: list[Number]) -> Finding | None:
    printed, mean = average.number, mean_of(parts)
    if abs(printed.value - mean.value) <= printed.step / 2:
        return None
    explained = mean.low <= printed.high and printed.low <= mean.high
    text = (
        f"printed {printed.text}, but the mean of the {len(parts)} {average.quantity.metric} cells "
        f"is {mean.text}; rounding of the cells "
        f"{'can' if explained else 'cannot'} explain it"
    )
    return Finding(AVERAGES.name, average.reference, text)


AVERAGES = Check(
    "averages",
    "averages that are not the mean of the printed cells",
    "printed averages",
    check_averages,
)
