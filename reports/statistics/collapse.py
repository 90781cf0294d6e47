"""Seeds that collapsed: scores far below those of the same row's other seeds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reports.statistics.gap import Scores

FAR = 3.0
"""A score collapsed if it lies so many robust standard deviations below the median of its row."""

NORMAL = 1.4826
"""The standard deviation of a normal law in units of its median absolute deviation."""


def find_collapsed(rows: Sequence[Scores]) -> list[NDArray[np.bool_]]:
    """Find the collapsed seeds of rows of one column.

    The robust standard deviation is 1.4826 times the median distance to the median; the seed that
    is the median itself is left out, since its distance is always 0. A few seeds estimate it badly,
    so it is that of the row or that of all rows together, whichever is larger. Fewer than five
    seeds of a row never collapse: among them nothing is far from the others. Nor does anything
    where more than half of the distances are 0.

    Shapes:
        rows: (seeds of the row,) each -> the same
    """
    distances = [row - np.median(row) if row.size else row for row in rows]
    all_rows = _robust_std(np.concatenate([_sizes(one) for one in distances] or [np.array([])]))
    return [
        one < -FAR * max(_robust_std(_sizes(one)), all_rows)
        if len(one) >= 5 and all_rows > 0
        else np.zeros(len(one), dtype=bool)
        for one in distances
    ]


def _sizes(distances: Scores) -> Scores:
    """Return the distances without sign; of an odd number, without that of the median itself."""
    return np.sort(np.abs(distances))[len(distances) % 2 :]


def _robust_std(sizes: Scores) -> float:
    return NORMAL * float(np.median(sizes)) if sizes.size else 0.0
