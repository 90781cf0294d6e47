"""Systems whose scores differ between two tables."""

from collections import defaultdict
from itertools import combinations

from reports.lint.finding import Check, Examined, Finding
from search_spaces.printed.cells import find_scores
from search_spaces.printed.numbers import (
    AVERAGE,
    Number,
    PrintedScore,
    Quantity,
    averages_of,
    by_row,
    printed_scores,
    show,
)
from search_spaces.printed.published import PublishedData

Row = list[PrintedScore]


def check_repeated(data: PublishedData) -> Examined:
    """Compare rows of equal `config`: the cells that both print, and averages over the emotions.

    If a row does not print an average, it is the mean of its cells. Two numbers differ if no value
    rounds to both; a value half-way between them does not count.
    """
    systems = defaultdict(list)
    for row in by_row(printed_scores(data)):
        if row[0].row.config:
            systems[frozenset(row[0].row.config.items())].append(row)
    for rows in systems.values():
        for first, second in combinations(rows, 2):
            shared = _shared(first, second)
            if shared:
                yield _compare(data, first, second, shared)


def _shared(first: Row, second: Row) -> dict[Quantity, tuple[Number, Number]]:
    """Pair the numbers that both rows have."""
    ours, theirs = _numbers(first), _numbers(second)
    return {quantity: (ours[quantity], theirs[quantity]) for quantity in ours if quantity in theirs}


def _numbers(row: Row) -> dict[Quantity, Number]:
    return {score.quantity: score.number for score in row} | averages_of(row)


def _compare(
    data: PublishedData, first: Row, second: Row, shared: dict[Quantity, tuple[Number, Number]]
) -> Finding | None:
    differing = {quantity: pair for quantity, pair in shared.items() if _differ(*pair)}
    if not differing:
        return None
    cells = [quantity for quantity in shared if quantity.emotion != AVERAGE]
    changed = [quantity for quantity in cells if quantity in differing]
    texts = _marks(first, second)
    texts += [
        f"{quantity.corpus} {quantity.metric} {ours.text} and {theirs.text_in(ours.unit)}"
        for quantity, (ours, theirs) in differing.items()
        if quantity.emotion == AVERAGE
    ]
    if cells:
        texts.append(f"{len(changed)} of {len(cells)} cells differ")
    texts += _gains_against(data, first, second) + _gains_against(data, second, first)
    where = f"{first[0].row_reference} vs {second[0].row_reference}"
    return Finding(REPEATED.name, where, "; ".join(texts))


def _marks(first: Row, second: Row) -> list[str]:
    """Say where the two rows come from, if the tables mark it."""
    marks = [first[0].row.mark, second[0].row.mark]
    return [f"marked {' and '.join(marks)}"] if all(marks) else []


def _differ(ours: Number, theirs: Number) -> bool:
    return ours.high <= theirs.low or theirs.high <= ours.low


def _gains_against(data: PublishedData, used: Row, other: Row) -> list[str]:
    """Recompute the stated gains over one row with the other row's averages."""
    scores, averages = printed_scores(data), averages_of(other)
    texts = []
    for claim in data.claims:
        if claim.kind != "delta" or not claim.published:
            continue
        for new, old in zip(claim.cells[::2], claim.cells[1::2], strict=True):
            (higher,), (lower,) = find_scores(new, scores), find_scores(old, scores)
            if lower.row_reference == used[0].row_reference and lower.quantity in averages:
                gap = higher.number.value - averages[lower.quantity].value
                step = higher.number.step / 10
                texts.append(
                    f"{claim.id} states a gain of {claim.published}, over the other row it is "
                    f"{show(gap, higher.number.unit, step)}"
                )
    return texts


REPEATED = Check(
    "repeated",
    "systems printed differently in two tables",
    "pairs of rows of one system",
    check_repeated,
)
