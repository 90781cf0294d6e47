"""Variances of a score: over seeds, and over test sets by the cluster bootstrap.

Utterances of one dialogue or video are alike, so the bootstrap draws whole clusters of them. The
quantiles come from scipy.special: it loads much faster than scipy.stats.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, fdtri

from reports.statistics.gap import Scores

Counts = NDArray[np.integer | np.floating]
"""What is counted of one trial, by cluster: (clusters, ...); of decisions, (clusters, K, 4)."""

NUM_RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Variance:
    """An estimated variance and its degrees of freedom."""

    value: float
    df: int

    @property
    def interval(self) -> tuple[float, float]:
        """The two-sided 95 % chi-square interval; it takes the errors for normal."""
        tail = (1 - LEVEL) / 2
        low, high = (self.df / float(chdtri(self.df, p)) for p in (tail, 1 - tail))
        return self.value * low, self.value * high

    def ratio_interval(self, other: "Variance") -> tuple[float, float]:
        """Return the two-sided 95 % F interval of this variance divided by an independent one.

        Raises:
            ValueError: If the other variance is 0.
        """
        if other.value == 0:
            raise ValueError("the ratio to a variance of 0 is not defined")
        tail, ratio = (1 - LEVEL) / 2, self.value / other.value
        low, high = (float(fdtri(self.df, other.df, p)) for p in (1 - tail, tail))
        return ratio / low, ratio / high


def variance_of(scores: Scores) -> Variance:
    """Estimate the variance of a score over seeds.

    Shapes:
        scores: (seeds,)

    Raises:
        ValueError: If there are fewer than two scores.
    """
    if len(scores) < 2:
        raise ValueError(f"a variance needs two or more scores, not {len(scores)}")
    value = float(scores.var(ddof=1)) if np.ptp(scores) else 0.0  # the mean may be rounded
    return Variance(value, df=len(scores) - 1)


@dataclass(frozen=True)
class ResampledVariance:
    """The variance of a score, or of a gap, over test sets like this one.

    Attributes:
        variance: None if fewer than two resamples define the metric for every trial.
        num_clusters: The number of clusters in the test set.
        num_used: Resamples in which the metric is defined for every trial; the others are dropped.
        num_drawn: All resamples.
    """

    variance: float | None
    num_clusters: int
    num_used: int
    num_drawn: int


def redraw(trial: Counts, seed: int, num_resamples: int = NUM_RESAMPLES) -> NDArray[np.float64]:
    """Count a trial's decisions on resampled test sets; one seed always gives the same test sets.

    Shapes:
        trial: (clusters, ...) -> (resamples, ...)

    Raises:
        ValueError: If there are fewer than two clusters.
    """
    num_clusters = len(trial)
    if num_clusters < 2:
        raise ValueError(f"a cluster bootstrap needs two or more clusters, not {num_clusters}")
    return np.tensordot(draw(num_clusters, seed, num_resamples), trial.astype(np.float64), axes=1)


@lru_cache(maxsize=4)
def draw(num_clusters: int, seed: int, num_resamples: int) -> NDArray[np.float64]:
    """Draw how often each cluster is in each resample, (resamples, clusters)."""
    shares = np.full(num_clusters, 1 / num_clusters)
    drawn = np.random.default_rng(seed).multinomial(num_clusters, shares, num_resamples)
    return drawn.astype(np.float64)


def variance_over(means: Scores, num_clusters: int) -> ResampledVariance:
    """Compute the variance over resamples; leave out those whose value is not a finite number.

    Shapes:
        means: (resamples,)
    """
    defined = means[np.isfinite(means)]
    return ResampledVariance(
        variance=float(defined.var(ddof=1)) if len(defined) > 1 else None,
        num_clusters=num_clusters,
        num_used=len(defined),
        num_drawn=len(means),
    )
