"""How large a gap is beside its spread, and what pairing by seed achieved."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from reports.statistics.gap import Scores

REFERENCE = 0.75
"""The P(A > B) from which a difference is said to matter (Bouthillier et al., MLSys 2021).

It is printed beside the estimate, and is no verdict.
"""


def pairing_correlation(a: Scores, b: Scores) -> float | None:
    """Correlate the scores of two rows over seeds: what pairing achieved.

    Shapes:
        a, b: (seeds,), paired by position

    Returns:
        Pearson's r; None if a row's scores are all equal, or with fewer than three pairs (two pairs
        always give 1 or -1).
    """
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def d_z(differences: Scores) -> float | None:
    """Return the mean difference in units of the differences' sample standard deviation.

    Shapes:
        differences: (seeds,)

    Returns:
        The effect size; None with fewer than two differences or where all are equal.
    """
    if len(differences) < 2 or np.ptp(differences) == 0:
        return None
    return float(differences.mean() / differences.std(ddof=1))


@dataclass(frozen=True)
class Superiority:
    """P(A > B): the share of seeds at which A scores higher, with its interval."""

    share: float
    low: float
    high: float


def superiority(differences: Scores, level: float = 0.95) -> Superiority:
    """Estimate P(A > B) over seeds, paired; a tie counts half.

    The interval is that of Clopper & Pearson (Biometrika 1934), which assumes nothing of the
    scores. A bootstrap would not do: if A is better at all of n seeds, so it is in every resample.
    Half of a tie counts as half a success; by simulation the interval keeps its level then too.

    Shapes:
        differences: (seeds,), A minus B

    Args:
        differences: The paired differences.
        level: The confidence of the two-sided interval.

    Raises:
        ValueError: If there is no difference.
    """
    if differences.size == 0:
        raise ValueError("the probability of superiority needs a difference")
    num_seeds = len(differences)
    wins = float((1 + np.sign(differences)).sum() / 2)
    losses, tail = num_seeds - wins, (1 - level) / 2
    return Superiority(
        share=wins / num_seeds,
        low=float(betaincinv(wins, losses + 1, tail)) if wins else 0.0,
        high=float(betaincinv(wins + 1, losses, 1 - tail)) if losses else 1.0,
    )
