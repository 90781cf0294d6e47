"""The cluster bootstrap: how much a score would change on another test set.

Utterances of one dialogue or video are alike, so whole clusters are drawn, not utterances.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.statistics.gap import Scores

Counts = NDArray[np.integer | np.floating]
"""Of one trial: (clusters, K, 4), how many utterances of each are TP, FP, TN, FN by emotion."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A metric of counts (..., K, 4) -> (...); where it is undefined it gives NaN, or divides by 0."""

NUM_RESAMPLES = 1000


@dataclass(frozen=True)
class ResampledVariance:
    """The variance of a score, or of a gap, over test sets like this one.

    Attributes:
        variance: None if fewer than two resamples define the metric for every trial.
        num_clusters: What was drawn from.
        num_used: Resamples in which the metric is defined for every trial; the others are dropped.
        num_drawn: All resamples.
    """

    variance: float | None
    num_clusters: int
    num_used: int
    num_drawn: int


def variance_of_gap(
    row: Sequence[Counts],
    other: Sequence[Counts],
    statistic: Statistic,
    seed: int,
    num_resamples: int = NUM_RESAMPLES,
) -> ResampledVariance:
    """Estimate V_T, the variance of the seed-averaged difference of two rows over test sets.

    All trials see the same resampled test sets.

    Args:
        row: Trials of one row.
        other: Those of the other, paired by seed.
        statistic: The metric.
        seed: Of the resampling.
        num_resamples: How many test sets are drawn.

    Raises:
        ValueError: If the rows differ in their number of trials, the trials in their shape, or
            there are fewer than two clusters.
    """
    if len(row) != len(other):
        raise ValueError(f"paired rows need equally many trials, not {len(row)} and {len(other)}")
    scores = _resample([*row, *other], statistic, seed, num_resamples)
    gaps = scores[:, : len(row)] - scores[:, len(row) :]
    return variance_over(gaps.mean(axis=1), num_clusters=len(row[0]))


def variance_of_score(
    row: Sequence[Counts], statistic: Statistic, seed: int, num_resamples: int = NUM_RESAMPLES
) -> ResampledVariance:
    """Estimate the variance of a row's seed-averaged score over test sets; one trial will do.

    Args:
        row: Its trials.
        statistic: The metric.
        seed: Of the resampling.
        num_resamples: How many test sets are drawn.

    Raises:
        ValueError: If there is no trial, the trials differ in their shape, or there are fewer than
            two clusters.
    """
    scores = _resample(row, statistic, seed, num_resamples)
    return variance_over(scores.mean(axis=1), num_clusters=len(row[0]))


def redraw(trial: Counts, seed: int, num_resamples: int = NUM_RESAMPLES) -> NDArray[np.float64]:
    """Count a trial's decisions on resampled test sets; those of one seed are the same ones.

    Shapes:
        trial: (clusters, K, 4) -> (resamples, K, 4)

    Raises:
        ValueError: If there are fewer than two clusters.
    """
    num_clusters = len(trial)
    if num_clusters < 2:
        raise ValueError(f"a cluster bootstrap needs two clusters, not {num_clusters}")
    return np.tensordot(_draw(num_clusters, seed, num_resamples), trial.astype(np.float64), axes=1)


@lru_cache(maxsize=4)
def _draw(num_clusters: int, seed: int, num_resamples: int) -> NDArray[np.float64]:
    """Draw how often each cluster is in each resample, (resamples, clusters)."""
    shares = np.full(num_clusters, 1 / num_clusters)
    drawn = np.random.default_rng(seed).multinomial(num_clusters, shares, num_resamples)
    return drawn.astype(np.float64)


def _resample(
    trials: Sequence[Counts], statistic: Statistic, seed: int, num_resamples: int
) -> Scores:
    """Score every trial on the same resampled test sets.

    Returns:
        (resamples, trials)
    """
    shapes = {trial.shape for trial in trials}
    if len(shapes) != 1:
        raise ValueError(f"trials need one shape of counts, not {sorted(shapes)}")
    counts = np.stack([redraw(trial, seed, num_resamples) for trial in trials], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return statistic(counts)


def variance_over(means: Scores, num_clusters: int) -> ResampledVariance:
    """Take the variance of what resamples gave, without those that are not a finite number.

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
