"""Exact bands of the median best of K candidates that were drawn independently.

The curve of Lourie et al. (2023, "Show Your Work with Confidence: Confidence Bands for Tuning
Curves", arXiv 2311.09480): over K, the median of the best score of K candidates. It is a quantile
of one candidate's score, so a simultaneous band of the scores' distribution gives a band of the
curve. The distribution's band is Learned-Miller and DeStefano's (2008), with equal tails.

The authors' package `opda` has these bands too. It finds each critical value by 100,000 simulated
samples, which takes seconds for every number of candidates, and errs by up to a tenth of what the
confidence lacks to 1. Here the value is computed. It takes two scores of a candidate, because a
candidate that was stopped early has no more than limits.

The expected best (`reports.statistics.compatibility.expected_best`) is not drawn. Its upper limit
is that of a distribution which puts the unseen rest at F1 1, and says little from a few candidates
on.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammaln, xlogy

Floats = NDArray[np.float64]

WORST, HIGHEST = 0.0, 1.0
"""The ends of F1: a limit that the candidates do not know."""

ROUNDING = 1e-9
"""Ranks that are whole numbers may be off by less."""


class Band(NamedTuple):
    """The limits of a quantity at 1, 2, ... candidates.

    Shapes:
        low, high: (candidates,)
    """

    low: Floats
    high: Floats


def median_best(scores: ArrayLike) -> Floats:
    """Estimate the median of the best of K candidates from n of them, for K from 1 to n.

    It is the lowest score that a share .5^(1/K) of the scores does not exceed.

    Shapes:
        scores: (n,) -> (n,)
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    ranks = np.ceil(len(ordered) * _levels(len(ordered)) - ROUNDING).astype(int)
    return ordered[ranks - 1]


def median_best_band(least: ArrayLike, most: ArrayLike, level: float) -> Band:
    """Return the band that holds the median best of K candidates for every K from 1 to n at once.

    The probability is at least `level`, whatever the distribution of scores is, also with ties.
    Where n candidates cannot limit the curve, the limit is 0 or 1.

    Args:
        least: What each candidate scores at least.
        most: What it scores at most; a score that is known is both.
        level: The least probability that the whole curve lies in the band.

    Shapes:
        least, most: (n,) -> (n,) each
    """
    lows, highs = (np.sort(np.asarray(scores, dtype=np.float64)) for scores in (least, most))
    below, above = rank_limits(len(lows), level)
    levels = _levels(len(lows))
    num_reached = np.searchsorted(above, levels, side="right")  # ranks that surely lie below
    first_beyond = np.searchsorted(below, levels, side="left")  # the first that surely lies above
    return Band(
        low=np.concatenate([[WORST], lows])[num_reached],
        high=np.concatenate([highs, [HIGHEST]])[first_beyond],
    )


def reaching_band(least: ArrayLike, most: ArrayLike, reached: ArrayLike, level: float) -> Band:
    """Return limits of the share of searches of K random candidates that reach an F1.

    A candidate scores less than that with a probability F, so the share is 1 - F^K. As the curve's
    limits, these hold for every K at once.

    Args:
        least: What each candidate scores at least.
        most: What it scores at most.
        reached: The F1 to reach with 1, 2, ... candidates; the limits of NaN are 0 and 1.
        level: The least probability that all limits hold.

    Shapes:
        least, most: (n,)
        reached: (candidates,) -> (candidates,) each
    """
    goals = np.asarray(reached, dtype=np.float64)
    below, above = rank_limits(len(np.asarray(least)), level)
    num_surely_less = np.searchsorted(np.sort(np.asarray(most)), goals)
    num_maybe_less = np.searchsorted(np.sort(np.asarray(least)), goals)
    lowest = np.concatenate([[0.0], below])[num_surely_less]
    highest = np.concatenate([above, [1.0]])[num_maybe_less]
    budgets = np.arange(1, len(goals) + 1)
    is_known = ~np.isnan(goals)
    return Band(
        low=np.where(is_known, 1 - highest**budgets, 0.0),
        high=np.where(is_known, 1 - lowest**budgets, 1.0),
    )


@cache
def rank_limits(num: int, level: float) -> Band:
    """Return limits that the ordered values of n uniform draws keep all at once.

    Each limit leaves out an equal tail of its rank's beta distribution. The tails are as large as
    `level` allows, so the probability of all limits together is `level`.

    Shapes:
        low, high: (n,), by rank
    """
    from scipy.optimize import brentq  # it takes a second to load

    ranks = np.arange(1, num + 1)

    def limits(tails: float) -> Band:
        low, high = (betaincinv(ranks, num + 1 - ranks, p) for p in (tails / 2, 1 - tails / 2))
        return Band(low, high)

    def excess(tails: float) -> float:
        return held_share(*limits(tails)) - level

    return limits(float(brentq(excess, (1 - level) / (2 * num), 1.0, xtol=1e-12)))


def held_share(low: Floats, high: Floats) -> float:
    """Return the probability that the ordered values of n uniform draws lie between limits.

    The draws up to a point are counted, from one limit to the next. With a Poisson number of draws
    the counts between limits are independent; then exactly n draws are required.

    Shapes:
        low, high: (n,), ascending, in [0, 1]
    """
    num = len(low)
    chances, first, before = np.ones(1), 0, 0.0  # of `first`, `first` + 1, ... draws so far
    for point in np.unique([*low, *high, 1.0]):
        fewest = int(np.searchsorted(high, point, side="right"))
        most = int(np.searchsorted(low, point, side="left"))
        if fewest > most:
            return 0.0
        added = _poisson(np.arange(most - first + 1), num * (point - before))
        chances = np.convolve(chances, added)[fewest - first : most - first + 1]
        first, before = fewest, float(point)
    return float(chances[num - first] / _poisson(np.array([num]), num)[0])


def _levels(num: int) -> Floats:
    """Return which quantile of one score the median best of K is, for K from 1 to n."""
    return 0.5 ** (1 / np.arange(1, num + 1))


def _poisson(counts: NDArray[np.int_], mean: float) -> Floats:
    return np.exp(xlogy(counts, mean) - mean - gammaln(counts + 1))
