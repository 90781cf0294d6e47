"""The sign-flip permutation test: it checks what the t test assumes about the errors.

scipy.stats.permutation_test differs only in ties: its tolerance is relative to the statistic. Near
a mean of 0 it does not count flips whose sum differs only by rounding.
"""

import numpy as np

from reports.statistics.gap import Scores

MOST_EXACT = 16
MOST_FLIPPED = 200
"""With more differences the test takes gigabytes, and says what t says."""

TOLERANCE = 1e-9
"""Two sums are tied if they are not further apart, relative to the size of the differences."""


def sign_flip_p(differences: Scores) -> float:
    """Return the p of H0: the differences are symmetric about 0 or a lower value, one-sided.

    There are 2^n ways to flip the signs of n differences. The p is the share of those whose sum is
    as high as the given one or higher, so it is never below `smallest_p`: .025 needs n >= 6. For
    more than 16 differences, 2^16 ways are used: the given signs, and others drawn with a fixed
    seed.

    To test against a margin, subtract it first. To test the other direction, negate.

    Shapes:
        differences: (seeds,)

    Raises:
        ValueError: If there is no difference.
    """
    if differences.size == 0:
        raise ValueError("the sign-flip test needs a difference")
    sums = _flips(len(differences)) @ differences  # (flips,)
    tolerance = TOLERANCE * np.abs(differences).sum()
    return float((sums >= sums[0] - tolerance).mean())


def smallest_p(num: int) -> float:
    """Return the lowest p that so many differences can have: that of one flip among all."""
    return 0.5 ** min(num, MOST_EXACT)


def _flips(num: int) -> Scores:
    """List the signs of every flip, (flips, num); in the first flip all are positive."""
    if num <= MOST_EXACT:
        bits = np.arange(2**num)[:, None] >> np.arange(num) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (2**MOST_EXACT, num))
        bits[0] = 0
    return np.where(bits == 1, -1.0, 1.0)
