"""Comparison of our scores with a published number that has no spread."""

from math import sqrt

import numpy as np
from scipy.special import stdtrit

from reports.statistics.gap import Scores

LEVEL = 0.95


def compatible(scores: Scores, published: float, half_unit: float) -> bool:
    """Decide whether a published number may come from the same distribution as our seeds.

    |published - mean| <= t(.975, n - 1) std sqrt(1 + 1/n) + half a unit of the printed number

    This is the prediction interval of one further seed, since papers print one run.

    Args:
        scores: The scores of one row over seeds, fractions.
        published: The published number, a fraction too.
        half_unit: Half a unit of its last printed decimal: .0005 for 61.2 %.

    Shapes:
        scores: (seeds,)

    Raises:
        ValueError: If there are fewer than two scores.
    """
    if len(scores) < 2:
        raise ValueError(f"a prediction interval needs two scores, not {len(scores)}")
    quantile = float(stdtrit(len(scores) - 1, (1 + LEVEL) / 2))
    reach = quantile * float(scores.std(ddof=1)) * sqrt(1 + 1 / len(scores))
    return abs(published - float(scores.mean())) <= reach + half_unit


def smallest_best_of(scores: Scores, published: float) -> int | None:
    """Return the smallest K whose expected best of K runs reaches a published number.

    E[max of K] = sum over i of x_(i) [(i/n)^K - ((i-1)/n)^K]

    with x_(i) the i-th smallest of n scores: K draws with replacement from the scores (Dodge et
    al., EMNLP 2019, "Show Your Work"). K = 1 means that a usual run reaches the number. A large K
    means that a run needs luck.

    Shapes:
        scores: (seeds,)

    Returns:
        K; None if no K is large enough: the number is above our best score, or it equals our best
        score and some other score is lower.

    Raises:
        ValueError: If there is no score.
    """
    if scores.size == 0:
        raise ValueError("the best of K needs a score")
    if published <= scores.mean():
        return 1
    if published >= scores.max():
        return None
    steps = np.diff(np.sort(scores))  # (seeds - 1,)
    below = np.arange(1, len(scores)) / len(scores)  # (seeds - 1,)
    shortfall = scores.max() - published
    num_runs = 1
    while steps @ below**num_runs > shortfall:  # E[max of K] = max - sum of steps (i/n)^K
        num_runs += 1
    return num_runs
