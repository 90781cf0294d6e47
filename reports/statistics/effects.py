"""How large a gap is beside its spread, and what pairing by seed achieved."""

import numpy as np

from reports.statistics.gap import Scores


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


def probability_of_superiority(a: Scores, b: Scores) -> float:
    """Return the share of all pairs of seeds in which A scores higher than B; a tie counts half.

    Every seed of A is paired with every seed of B.

    Shapes:
        a: (seeds of A,), b: (seeds of B,)

    Raises:
        ValueError: If a row has no score.
    """
    if a.size == 0 or b.size == 0:
        raise ValueError("the probability of superiority needs a score of each row")
    return float((1 + np.sign(a[:, None] - b)).mean() / 2)
