"""Comparison of our scores with a published number that has no spread."""

from math import comb, sqrt

import numpy as np
from scipy.special import stdtrit

from reports.statistics.gap import Scores

LEVEL = 0.95

ROUNDING = 1e-9
"""Sums of scores differ by less where they are equal."""


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


def expected_best(scores: Scores, num_runs: int) -> float:
    """Estimate the expected best of K runs from n of them: the mean of the best of every K.

    E[max of K] = sum over i of x_(i) C(i - 1, K - 1) / C(n, K)

    with x_(i) the i-th smallest score: K are drawn without replacement, which is unbiased (Tang et
    al., ACL 2020, "Showing Your Work Doesn't Always Work"). Draws with replacement are too low, for
    some of them draw fewer than K different runs.

    Shapes:
        scores: (seeds,)

    Raises:
        ValueError: If K is not between 1 and the number of scores.
    """
    num_scores = len(scores)
    if not 1 <= num_runs <= num_scores:
        raise ValueError(f"{num_scores} scores cannot tell of the best of {num_runs} runs")
    weights = [comb(rank, num_runs - 1) / comb(num_scores, num_runs) for rank in range(num_scores)]
    return float(np.sort(scores) @ np.array(weights))


def smallest_best_of(scores: Scores, published: float) -> int | None:
    """Return the smallest K, at most n, whose expected best of K runs reaches a published number.

    K = 1 means that a usual run reaches the number. A large K means that a run needs luck. What
    more than n runs would reach, n scores cannot tell.

    Shapes:
        scores: (seeds,)

    Returns:
        K; None if the number is above our best score.

    Raises:
        ValueError: If there is no score.
    """
    if scores.size == 0:
        raise ValueError("the best of K needs a score")
    sizes = range(1, len(scores) + 1)
    reached = (k for k in sizes if expected_best(scores, k) >= published - ROUNDING)
    return next(reached, None)
