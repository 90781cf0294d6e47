"""Columns of tables that show every emotion."""

from collections.abc import Mapping

from search_spaces.study import Column
from search_spaces.terms import MetricName

AVERAGE = "Avg"

OF_NUMBERS = (
    Column(metric="mae", header="MAE"),
    Column(metric="pearson", header="r"),
    Column(metric="ccc", header="CCC"),
)
"""Columns of a corpus of numbers: the papers have none."""


def emotion_columns(
    metrics: Mapping[str, MetricName], emotions: Mapping[str, str], *, average_is_printed: bool
) -> tuple[Column, ...]:
    """Make a column for each metric of each emotion, then of the average over the emotions.

    Args:
        metrics: Metrics by their printed headers.
        emotions: The corpus's names of the emotions by those that are printed.
        average_is_printed: Whether the paper's table prints the average too.
    """
    each = [
        Column(
            metric=metric,
            header=header,
            group=printed,
            emotion=emotion,
            published=f"{printed}.{header}",
        )
        for printed, emotion in emotions.items()
        for header, metric in metrics.items()
    ]
    averages = [
        Column(
            metric=metric,
            header=header,
            group=AVERAGE,
            published=f"{AVERAGE}.{header}" if average_is_printed else None,
        )
        for header, metric in metrics.items()
    ]
    return (*each, *averages)
