"""How many seeds a gap needs, by the noncentral t distribution."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, nctdtrinc, stdtrit

from reports.statistics.verdicts import FEWEST_SEEDS

MOST_SEEDS = 1000

POWER = 0.8
"""A claim counts as decidable if its gap is found with this probability."""


def power_of(d_z: float, num_seeds: int, level: float = 0.025) -> float:
    """Return the probability that the one-sided paired t test finds a gap.

    Args:
        d_z: The true mean difference, in units of the differences' standard deviation.
        num_seeds: Two or more.
        level: One-sided, of one test. For a cautious plan of a family of claims, divide it by their
            number.
    """
    return float(_powers(d_z, np.array([num_seeds]), level)[0])


def seeds_needed(
    d_z: float, level: float = 0.025, power: float = POWER, most: int = MOST_SEEDS
) -> int | None:
    """Return the fewest seeds, at least three, that find a gap with the given power.

    Args:
        d_z: The true mean difference, in units of the differences' standard deviation.
        level: One-sided, of one test.
        power: The probability of finding the gap.
        most: The largest number of seeds to try.

    Returns:
        The number of seeds; None if `most` are too few. For a gap of 0 or less they always are.
    """
    if d_z <= 0:
        return None
    numbers = np.arange(FEWEST_SEEDS, most + 1)
    enough = numbers[_powers(d_z, numbers, level) >= power]
    return int(enough[0]) if enough.size else None


def smallest_effect(num_seeds: int, level: float = 0.025, power: float = POWER) -> float:
    """Return the smallest d_z that this number of seeds finds with the given power.

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
