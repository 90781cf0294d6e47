"""Corrections for several tests in one family."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from math import comb

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values by Holm's step-down method; an empty family stays empty.

    statsmodels' `multipletests` gives the same values, but each call runs the garbage collector.
    That takes a tenth of a second or more for every column of every table.
    """
    return _step_down(p_values, range(len(p_values), 0, -1))


def shaffer(p_values: Sequence[float], num_rows: int) -> list[float]:
    """Adjust two-sided p-values of pairs of rows by Shaffer's procedure; no pairs stay none.

    If two rows differ, a third cannot equal both. So after some rejections fewer hypotheses can be
    true than Holm assumes: of the six pairs of four rows it multiplies by 6, 3, 3, 3, 2, 1 (S1 of
    Shaffer, JASA 1986). It holds its error as Holm does. SciPy and statsmodels do not have it.

    Args:
        p_values: Of H0: the two rows are equal; one for each pair of rows, or for some of them.
        num_rows: The number of rows.

    Raises:
        ValueError: If there are more p-values than pairs of rows.
    """
    num_pairs = comb(num_rows, 2)
    if len(p_values) > num_pairs:
        raise ValueError(f"{num_rows} rows have {num_pairs} pairs, not {len(p_values)}")
    possible = sorted(_possible_equalities(num_rows))
    most_true = [
        min(len(p_values) - rejected, possible[bisect_right(possible, num_pairs - rejected) - 1])
        for rejected in range(len(p_values))
    ]
    return _step_down(p_values, most_true)


@cache
def _possible_equalities(num_rows: int) -> frozenset[int]:
    """Return how many pairs can be equal: those within the groups into which rows can fall."""
    if num_rows < 2:
        return frozenset({0})
    return frozenset(
        comb(size, 2) + others
        for size in range(1, num_rows + 1)
        for others in _possible_equalities(num_rows - size)
    )


def _step_down(p_values: Sequence[float], factors: Sequence[int]) -> list[float]:
    """Multiply the p-values, from the smallest to the largest, by their factors; never fall."""
    p = np.array(p_values, dtype=np.float64)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.array(factors))
    return [float(value) for value in np.minimum(adjusted, 1)]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that they bound the share of false discoveries; none stay none."""
    if not p_values:
        return []
    from scipy.stats import false_discovery_control  # takes a second to load

    return [float(value) for value in false_discovery_control(p_values)]
