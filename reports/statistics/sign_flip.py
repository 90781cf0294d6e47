"""The sign-flip permutation test: a check on what the t test assumes of the errors.

scipy.stats.permutation_test does the same but for ties: its tolerance is relative to the statistic,
so that near a mean of 0 flips whose sum differs by rounding alone are not counted.
"""

import numpy as np

from reports.statistics.gap import Scores

MOST_EXACT = 16
TOLERANCE = 1e-9
"""Of sums, relative to the differences: those that are no further apart are tied."""


def sign_flip_p(differences: Scores) -> float:
    """Return the p of H0: the differences are symmetric about 0 or a lower value, one-sided.

    It is the share of all 2^n ways to flip the differences' signs that give as high a sum, so it
    is never below 2^-n: .025 needs n >= 6. Beyond 16 differences it is taken from 2^16 ways, the
    given signs and others drawn at random, the same ones each time.

    For a margin subtract it first; for the other direction negate.

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


def _flips(num: int) -> Scores:
    """List signs, (flips, num); the first ones are all positive."""
    if num <= MOST_EXACT:
        bits = np.arange(2**num)[:, None] >> np.arange(num) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (2**MOST_EXACT, num))
        bits[0] = 0
    return np.where(bits == 1, -1.0, 1.0)
