"""Which seeds of a column of cells collapsed."""

from collections.abc import Iterable

import numpy as np

from reports.scores.cells import Cell
from reports.statistics.collapse import find_collapsed
from search_spaces.metrics.registry import find_metric


def collapsed_seeds(column: Iterable[Cell]) -> list[list[int]]:
    """List the collapsed seeds of each row of a column.

    A void row has none, nor has one with folds: a fold may be hard for every seed. Where lower
    scores are better, a score collapsed if it is far above the others.
    """
    cells = list(column)
    rows = [() if cell.why_void or cell.test_share else cell.scores for cell in cells]
    sign = find_metric(cells[0].metric).sign if cells else 1
    found = find_collapsed([sign * np.array([one.score for one in of_row]) for of_row in rows])
    return [
        [one.seed for one, fell in zip(of_row, of_found.tolist(), strict=True) if fell]
        for of_row, of_found in zip(rows, found, strict=True)
    ]
