"""What a table says of seeds that collapsed."""

from collections.abc import Iterable

from reports.scores.cells import Outcome
from reports.scores.collapsed import collapsed_seeds
from reports.statistics.collapse import FAR
from reports.tables.note import Note
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Column

COLLAPSE_NOTE = (
    "Seeds collapsed in some rows. If one row collapses now and then and the other never, t-tests "
    "of 5 to 10 seeds err more often than they say: they call the row that collapses higher than "
    "an equal one in 4 to 13 % of cases instead of 2.5 %, and no other test that finds gaps does "
    "better. Verdicts on such rows print the p of a sign-flip test beside that of t."
)
BRIEF_COLLAPSE_NOTE = "where seeds collapsed, t-tests err more often"


Fallen = list[tuple[Column, list[list[int]]]]
"""Of each column, the collapsed seeds of each row."""


def find_fallen(columns: Iterable[Column], outcome: Outcome) -> Fallen:
    """Find the collapsed seeds of an outcome."""
    cells = zip(*outcome.cells, strict=True)
    return [(column, collapsed_seeds(one)) for column, one in zip(columns, cells, strict=True)]


def tell_collapsed(number: int, fallen: Fallen, place: str) -> Iterable[str]:
    """Say which seeds of a row collapsed, and in which columns."""
    for side, is_lower in (("below", False), ("above", True)):
        of_side = [
            (column.title, rows[number])
            for column, rows in fallen
            if rows[number] and (find_metric(column.metric).sign < 0) == is_lower
        ]
        every = sorted({seed for _, seeds in of_side for seed in seeds})
        if every:
            word = "seed" if len(every) == 1 else "seeds"
            titles = ", ".join(title for title, _ in of_side)
            yield (
                f"{word} {', '.join(map(str, every))} on {place} collapsed: more than {FAR:g} "
                f"robust standard deviations {side} the median of the row in {titles}"
            )


def warn_of_collapse(outcomes: Iterable[Outcome]) -> Iterable[Note]:
    """Say what tests are worth if a seed of any row collapsed in any column."""
    columns = (cells for outcome in outcomes for cells in zip(*outcome.cells, strict=True))
    if any(any(collapsed_seeds(cells)) for cells in columns):
        yield Note(COLLAPSE_NOTE, BRIEF_COLLAPSE_NOTE)
