"""Differences: between cells, paired by seed, or from a cell to a published value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from statistics import fmean, stdev

import numpy as np

from reports.scores.cells import Cell, SeedScore
from reports.statistics.compatibility import compatible, smallest_best_of
from reports.statistics.gap import paired_gap
from reports.statistics.multiplicity import shaffer
from search_spaces.metrics.registry import find_metric

LEVEL = 0.05
"""The two-sided level of a column's marks, corrected within it; verdicts have their own."""

MIN_PAIRS = 3
"""With fewer pairs there is no test."""


@dataclass(frozen=True)
class Difference:
    """The differences of a cell's scores, as fractions, to those of another row or to a number.

    Attributes:
        to: The row or the published cell that is subtracted.
        values: The differences.
        seeds: The seed and the key of the trial of each value.
        num_planned: The number of planned values.
        minus: The key of the other row's trial of each value.
        distinct: Whether the difference is distinct from 0; None if there is no test.
        best_of: The smallest number of our seeds whose best is expected to reach the published
            value; None if the best of all of them does not.
        why_void: Why nothing is subtracted though there are scores, as in
            `reports.scores.cells.Cell.why_void`; there are no values then.
        test_share: That of folds, as in `reports.scores.cells.Cell`.
    """

    to: str
    values: tuple[float, ...]
    seeds: tuple[tuple[int, str], ...]
    num_planned: int
    minus: tuple[str, ...] = ()
    distinct: bool | None = None
    best_of: int | None = None
    why_void: str = ""
    test_share: float = 0.0

    @property
    def num_values(self) -> int:
        """The n of the difference."""
        return len(self.values)

    @cached_property
    def mean(self) -> float | None:
        """The mean over seeds."""
        return fmean(self.values) if self.values else None

    @cached_property
    def std(self) -> float | None:
        """The sample standard deviation over seeds; one seed has none."""
        return stdev(self.values) if self.num_values > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two-sided 95 % Student t interval of the mean."""
        if self.num_values < 2:
            return None
        return paired_gap(np.array(self.values), self.test_share).interval()


def pair(cell: Cell, other: Cell) -> list[tuple[SeedScore, SeedScore]]:
    """List the scores of two cells at the seeds and folds that both have."""
    scores = other.by_pair
    return [(one, scores[place]) for place, one in cell.by_pair.items() if place in scores]


def subtract_row(cells: Sequence[Cell], baseline: int) -> list[Difference | None]:
    """Return a column's differences to its baseline row; that row has None. See `mark`."""
    other = cells[baseline]
    columns: list[Difference | None] = []
    for number, cell in enumerate(cells):
        why_void = _find_void(cell, other)
        pairs = [] if why_void else pair(cell, other)
        difference = Difference(
            to=other.row,
            values=tuple(ours.score - theirs.score for ours, theirs in pairs),
            seeds=tuple((ours.seed, ours.key) for ours, _ in pairs),
            minus=tuple(theirs.key for _, theirs in pairs),
            num_planned=cell.num_planned,
            why_void=why_void,
            test_share=cell.test_share,
        )
        columns.append(None if number == baseline else difference)
    return columns


def mark(
    columns: Sequence[Sequence[Difference | None]], adjust: Callable[[Sequence[float]], list[float]]
) -> list[list[Difference | None]]:
    """Mark which differences of a family of columns are distinct from 0, by paired t-tests.

    Args:
        columns: The differences of the rows in each column.
        adjust: Corrects the p-values of the whole family.
    """
    tested = [d for column in columns for d in column if d and d.num_values >= MIN_PAIRS]
    p_values = iter(adjust([two_sided_p(one.values, one.test_share) for one in tested]))
    return [
        [
            replace(d, distinct=next(p_values) < LEVEL) if d and d.num_values >= MIN_PAIRS else d
            for d in column
        ]
        for column in columns
    ]


def subtract_published(
    cell: Cell, published: float, half_unit: float, reference: str
) -> Difference:
    """Return the difference to a published value; it is distinct if our scores are incompatible.

    Args:
        cell: Our scores.
        published: The published value, a fraction.
        half_unit: Half a unit of its last digit, a fraction.
        reference: The cell in which it is printed.
    """
    if why_void := _find_void(cell):
        return Difference(reference, (), (), cell.num_planned, why_void=why_void)
    difference = Difference(
        to=reference,
        values=tuple(seed.score - published for seed in cell.scores),
        seeds=tuple((one.seed, one.key) for one in cell.scores),
        num_planned=cell.num_planned,
        test_share=cell.test_share,
    )
    if cell.num_scores < MIN_PAIRS or cell.test_share:
        return difference  # a printed number is no single fold
    scores, sign = np.array([seed.score for seed in cell.scores]), find_metric(cell.metric).sign
    return replace(
        difference,
        distinct=not compatible(scores, published, half_unit),
        best_of=smallest_best_of(sign * scores, sign * published),
    )


def find_ties(cells: Sequence[Cell]) -> list[bool | None]:
    """Find the cells that a test cannot distinguish from the best cell of their column.

    The best cell is the complete one of the highest mean, or the lowest if lower is better; void
    ones are left out. It has None itself, and so have void cells and those with too few seeds in
    common with it.

    Which cell is the best, the scores themselves decide. So the family is all pairs of these cells
    (Shaffer). If it were only the pairs with the best, equal rows would be told apart too often: in
    10 % of the columns of six rows and ten seeds instead of 5 %.
    """
    complete = [number for number, cell in enumerate(cells) if cell.complete and not cell.why_void]
    if not complete:
        return [None] * len(cells)
    sign = find_metric(cells[0].metric).sign
    best = max(complete, key=lambda number: sign * (cells[number].mean or 0.0))
    values = {
        (one, other): [ours.score - theirs.score for ours, theirs in pair(cells[one], cells[other])]
        for one, other in combinations(complete, 2)
    }
    share = cells[best].test_share
    p_values = {two: two_sided_p(v, share) for two, v in values.items() if len(v) >= MIN_PAIRS}
    adjusted = zip(p_values, shaffer(list(p_values.values()), len(complete)), strict=True)
    ties = {(set(two) - {best}).pop(): p >= LEVEL for two, p in adjusted if best in two}
    return [ties.get(number) for number in range(len(cells))]


def two_sided_p(differences: Sequence[float], test_share: float = 0.0) -> float:
    """Return the two-sided p of the paired t-test, H0: the mean difference is 0."""
    gap = paired_gap(np.array(differences), test_share)
    return min(1.0, 2 * min(gap.p_not_above(0.0), gap.p_not_below(0.0)))


def _find_void(*cells: Cell) -> str:
    """Name the first of some cells that takes no part in comparisons, and say why."""
    return next((f"'{cell.row}': {cell.why_void}" for cell in cells if cell.why_void), "")
