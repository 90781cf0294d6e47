"""How many seeds a gap needs, by the noncentral t distribution."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, nctdtrinc, stdtrit

from reports.statistics.verdicts import FEWEST_SEEDS

MOST_SEEDS = 1000

POWER = 0.8
"""The probability with which a gap should be found for a claim to count as one that can be."""


def power_of(d_z: float, num_seeds: int, level: float = 0.025) -> float:
    """Return the probability that the one-sided paired t test finds a gap.

    Args:
        d_z: The true mean difference, in units of the differences' standard deviation.
        num_seeds: Two or more.
        level: One-sided, of one test: divide it by the number of claims for the cautious plan of
            a family.
    """
    return float(_powers(d_z, np.array([num_seeds]), level)[0])


def seeds_needed(
    d_z: float, level: float = 0.025, power: float = POWER, most: int = MOST_SEEDS
) -> int | None:
    """Return the fewest seeds, three at least, with which a gap is found with the given power.

    Args:
        d_z: The true mean difference, in units of the differences' standard deviation.
        level: One-sided, of one test.
        power: The probability of finding the gap.
        most: Where to give up.

    Returns:
        The number of seeds; None if `most` are too few, as they always are for a gap of 0 or less.
    """
    if d_z <= 0:
        return None
    numbers = np.arange(FEWEST_SEEDS, most + 1)
    enough = numbers[_powers(d_z, numbers, level) >= power]
    return int(enough[0]) if enough.size else None


def smallest_effect(num_seeds: int, level: float = 0.025, power: float = POWER) -> float:
    """Return the least d_z that this many seeds find with the given power.

    Args:
        num_seeds: Two or more.
        level: One-sided, of one test, below the power.
        power: The probability of finding the gap.
    """
    df = num_seeds - 1
    return float(nctdtrinc(df, 1 - power, -stdtrit(df, level)) / np.sqrt(num_seeds))


def _powers(d_z: float, numbers: NDArray[np.int_], level: float) -> NDArray[np.float64]:
    """Compute the power at each number of seeds.

    Shapes:
        numbers: (N,) -> (N,)
    """
    df = numbers - 1
    return 1 - nctdtr(df, d_z * np.sqrt(numbers), -stdtrit(df, level))
