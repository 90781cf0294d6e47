"""Cells that equal a bold maximum but are not bold themselves."""

from reports.lint.finding import Check, Examined, Finding
from search_spaces.printed.numbers import by_column, printed_scores
from search_spaces.printed.published import PublishedData


def check_ties(data: PublishedData) -> Examined:
    """Examine the other maxima of each column whose maximum is bold somewhere."""
    for column in by_column(printed_scores(data)):
        highest = max(score.gain for score in column)
        best = [score for score in column if score.gain == highest]
        bold = [score.row.id for score in best if score.bold]
        if not bold:
            continue
        plain = [score for score in best if not score.bold]
        for score in plain:
            text = f"{score.number.text} ties with the bold one of {', '.join(bold)}"
            yield Finding(TIES.name, score.reference, f"{text}, and is not bold")
        if not plain:
            yield None


TIES = Check(
    "ties",
    "cells that tie with a bold maximum but are not bold",
    "columns with a bold maximum",
    check_ties,
)
