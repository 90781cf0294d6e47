"""Which seeds of a column of cells collapsed."""

from collections.abc import Iterable

import numpy as np

from reports.scores.cells import Cell
from reports.statistics.collapse import find_collapsed


def collapsed_seeds(column: Iterable[Cell]) -> list[list[int]]:
    """List the collapsed seeds of each row of a column; a void row has none."""
    rows = [() if cell.why_void else cell.scores for cell in column]
    found = find_collapsed([np.array([one.score for one in of_row]) for of_row in rows])
    return [
        [one.seed for one, fell in zip(of_row, of_found.tolist(), strict=True) if fell]
        for of_row, of_found in zip(rows, found, strict=True)
    ]
