"""The power to show that a gap lies within a margin: two one-sided t tests (TOST).

Both tests reject if |mean| < margin - t s / sqrt(n). Given s, which is independent of the mean, the
mean is normal; so the power is one integral over the distribution of s (Phillips, Journal of
Pharmacokinetics and Biopharmaceutics 1990). SciPy and statsmodels have no function for it.
"""

from math import sqrt

import numpy as np
from scipy.special import gammainc, gammaincinv, ndtr, stdtrit

from reports.statistics.power import MOST_SEEDS, POWER
from reports.statistics.verdicts import FEWEST_SEEDS

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


def equivalence_power(d_z: float, margin: float, num_seeds: int, level: float = 0.025) -> float:
    """Return the probability that two one-sided t tests show |gap| < margin.

    Args:
        d_z: The true mean difference, in units of the differences' standard deviation.
        margin: The margin, in the same unit.
        num_seeds: Two or more.
        level: One-sided, of each of the two tests.
    """
    df, root = num_seeds - 1, sqrt(num_seeds)
    quantile = -float(stdtrit(df, level))
    widest = root * margin / quantile  # with a larger s, in stds, nothing is shown
    share = gammainc(df / 2, df * widest**2 / 2)  # P(s < widest)
    of_s = np.sqrt(2 / df * gammaincinv(df / 2, share * (NODES + 1) / 2))  # (nodes,)
    reach = root * margin - quantile * of_s
    shown = ndtr(reach - root * d_z) - ndtr(-reach - root * d_z)
    return float(share * (WEIGHTS @ shown) / 2)


def seeds_for_equivalence(
    d_z: float,
    margin: float,
    level: float = 0.025,
    power: float = POWER,
    most: int = MOST_SEEDS,
) -> int | None:
    """Return the fewest seeds, at least three, that show |gap| < margin with the given power.

    Args:
        d_z: The true mean difference, in units of the differences' standard deviation.
        margin: The margin, in the same unit.
        level: One-sided, of each of the two tests.
        power: The probability of showing it.
        most: The largest number of seeds to try.

    Returns:
        The number of seeds; None if `most` are too few. For a gap at the margin or beyond it they
        always are.
    """
    if abs(d_z) >= margin or equivalence_power(d_z, margin, most, level) < power:
        return None
    low, high = FEWEST_SEEDS - 1, most  # `high` suffices; `low` does not, or is not allowed
    while high - low > 1:
        middle = (low + high) // 2
        if equivalence_power(d_z, margin, middle, level) >= power:
            high = middle
        else:
            low = middle
    return high


def smallest_margin(num_seeds: int, level: float = 0.025, power: float = POWER) -> float:
    """Return the smallest margin, in stds, within which a gap of 0 is shown with the given power.

    Args:
        num_seeds: Two or more.
        level: One-sided, of each of the two tests.
        power: The probability of showing it.
    """
    from scipy.optimize import brentq  # loads slowly, and only plans need it

    def excess(margin: float) -> float:
        return equivalence_power(0.0, margin, num_seeds, level) - power

    high = 1.0
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high))
