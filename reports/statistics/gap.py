"""An estimated gap between two rows, and Student's t on it.

The p-values and quantiles come from scipy.special: it loads much faster than scipy.stats.
"""

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Gap:
    """An estimated difference: its mean, its standard error and their degrees of freedom.

    If the standard error is 0, the mean alone decides every p: it is 0 or 1, or .5 if the mean
    equals the margin.
    """

    mean: float
    std_error: float
    df: float
    num_seeds: int

    def p_not_above(self, margin: float) -> float:
        """Return the p of H0: gap <= margin, one-sided."""
        return float(stdtr(self.df, -self._distance(margin)))

    def p_not_below(self, margin: float) -> float:
        """Return the p of H0: gap >= margin, one-sided."""
        return float(stdtr(self.df, self._distance(margin)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of the gap at a confidence level.

        After an early stop, pass the level `1 - 2 * cutoff(...)` of
        `reports.statistics.sequential`. This gives the repeated interval, whose coverage holds over
        all looks together.
        """
        half_width = float(stdtrit(self.df, (1 + level) / 2)) * self.std_error
        return self.mean - half_width, self.mean + half_width

    def _distance(self, margin: float) -> float:
        """Measure how far the mean lies above the margin, in standard errors."""
        above = self.mean - margin
        if self.std_error > 0:
            return above / self.std_error
        return 0.0 if above == 0 else inf if above > 0 else -inf


def paired_gap(differences: Scores, test_share: float = 0.0) -> Gap:
    """Estimate the gap of two rows from their differences, one for each seed, or seed and fold.

    V = (1 / n + test_share) s_d^2        (corrected resampled t, Nadeau & Bengio 2003)

    Folds share most of their training utterances, so their differences are no independent draws:
    the variance of their mean does not shrink with 1 / n. The correction is a heuristic; how well
    it keeps its level is simulated in `benchmarks/fold_errors.py`.

    Shapes:
        differences: (seeds,), or (seeds x folds,)

    Args:
        differences: The paired differences.
        test_share: The number of test utterances of a fold, divided by that of training utterances.
            It is 1 / (k - 1) for k folds of equal size, and 0 if only seeds differ.

    Raises:
        ValueError: If there are fewer than two differences, a difference is not finite, or the
            share is negative.
    """
    if differences.ndim != 1 or len(differences) < 2:
        raise ValueError(
            f"a gap needs a vector of two or more differences, not the shape {differences.shape}"
        )
    if not np.isfinite(differences).all():
        raise ValueError("a gap needs finite differences: give a lost seed a score or leave it out")
    if not 0 <= test_share < inf:
        raise ValueError(f"the share of test utterances is {test_share}; it must be 0 or more")
    num_seeds = len(differences)
    std_error = float(differences.std(ddof=1)) * sqrt(1 / num_seeds + test_share)
    if np.ptp(differences) == 0:
        std_error = 0.0  # the rounding of the mean would leave about 1e-17
    return Gap(float(differences.mean()), std_error, df=num_seeds - 1, num_seeds=num_seeds)


def independent_gap(a: Scores, b: Scores) -> Gap:
    """Estimate the gap of two sets of scores with one spread that share no seeds (Student's t).

    Shapes:
        a: (seeds of A,), b: (seeds of B,)

    Raises:
        ValueError: If a set has fewer than two scores.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"a gap of sets needs two scores of each, not {len(a)} and {len(b)}")
    df = len(a) + len(b) - 2
    variance = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / df
    std_error = sqrt(float(variance) * (1 / len(a) + 1 / len(b)))
    return Gap(float(a.mean() - b.mean()), std_error, df=df, num_seeds=min(len(a), len(b)))


def with_test_set_variance(gap: Gap, variance: float, num_clusters: int) -> Gap:
    """Widen a gap by the variance over test sets.

    V = s_d^2 / n + V_T    with    df = V^2 / [(s_d^2 / n)^2 / df_gap + V_T^2 / (clusters - 1)]

    (Welch-Satterthwaite.) A verdict on the widened gap is about the corpus, not about this split.

    Args:
        gap: The gap over the seeds alone.
        variance: V_T, the variance of the seed-averaged difference over test sets; see
            `reports.statistics.variance`.
        num_clusters: How many clusters the test set has.

    Raises:
        ValueError: If the variance is negative or not finite, or there are fewer than two clusters.
    """
    if not 0 <= variance < inf:
        raise ValueError(f"the variance over test sets is {variance}; it must be finite, 0 or more")
    if num_clusters < 2:
        raise ValueError(
            f"a variance over test sets needs two or more clusters, not {num_clusters}"
        )
    over_seeds = gap.std_error**2
    total = over_seeds + variance
    if total == 0:
        return gap
    df = total**2 / (over_seeds**2 / gap.df + variance**2 / (num_clusters - 1))
    return replace(gap, std_error=sqrt(total), df=df)
