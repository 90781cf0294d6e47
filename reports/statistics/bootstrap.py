"""The cluster bootstrap: how much a score would change on another test set.

Utterances of one dialogue or video are alike, so whole clusters are drawn, not utterances.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.statistics.gap import Scores

Counts = NDArray[np.integer | np.floating]
"""Of one trial: (clusters, K, 4), how many utterances of each are TP, FP, TN, FN by emotion."""

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
