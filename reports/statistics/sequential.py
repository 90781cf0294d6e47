"""Adaptive seeds: when a claim may be decided before all planned seeds are trained.

The t test is evaluated at looks, after 3, 5, 7 and 10 seeds. Up to n of N seeds, the error
alpha (n/N)^2 may be spent (Lan & DeMets, Biometrika 1983). The cutoff of a look is the p that
spends exactly this error if the gap is 0 and the errors are normal. Cutoffs for a known variance
would inflate the error at so few seeds.

The cutoffs are computed, not simulated. Write t_n = sqrt(n - 1) tan(angle_n): angle_n is the angle
between the vector of the n differences and the plane where they sum up to 0. At a gap of 0 the
vector's direction is uniform and independent of its length, so the angles are a Markov chain:

    sqrt(n + 1) sin(angle_{n+1}) = sqrt(n) sin(angle_n) cos(turn) + sin(turn)

where turn is independent of the angles before, and sqrt(n) tan(turn) is t with n degrees of
freedom. The distribution of the angle, if the claim is still undecided, is carried from n to n + 1
on a grid, as Armitage, McPherson & Rowe (JRSS A 1969) do for a known variance.
"""

from collections.abc import Callable
from functools import cache
from math import pi, sqrt, tan

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from reports.statistics.looks import LOOKS

NUM_ANGLES = 400
"""The size of the grid; the cutoffs are within 1 % of their limit at levels of 1 to 16 claims."""

Angles = NDArray[np.float64]
Distribution = Callable[[Angles], NDArray[np.float64]]
"""Maps each angle to the probability of being undecided with an angle not above it."""


def cutoff(num_seeds: int, alpha: float, looks: tuple[int, ...] = LOOKS) -> float:
    """Return the one-sided p below which a claim is decided at a look.

    Args:
        num_seeds: The number of seeds at the look.
        alpha: The error of all looks together; the claims of a table share its error evenly.
        looks: All numbers of seeds at which claims are tested, ascending; the last is the maximum.

    Raises:
        ValueError: If the looks are not ascending numbers of 2 or more, `num_seeds` is not a look,
            or alpha is not between 0 and .5.
    """
    if sorted(set(looks)) != list(looks) or min(looks, default=0) < 2:
        raise ValueError(f"looks must be ascending numbers of seeds, 2 or more, not {looks}")
    if num_seeds not in looks:
        choices = ", ".join(map(str, looks))
        raise ValueError(f"there is no look at {num_seeds} seeds; choose from {choices}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and .5, not {alpha}")
    return _cutoffs(alpha, looks)[looks.index(num_seeds)]


@cache
def _cutoffs(alpha: float, looks: tuple[int, ...]) -> tuple[float, ...]:
    """Find the cutoffs of all looks, one after the other; this takes about .4 s."""
    cutoffs: list[float] = []
    not_above: Distribution = _t_distribution(looks[0])
    for num_seeds in range(looks[0], looks[-1] + 1):
        bound = pi / 2
        if num_seeds in looks:
            bound = _quantile(not_above, 1 - alpha * (num_seeds / looks[-1]) ** 2)
            cutoffs.append(float(stdtr(num_seeds - 1, -sqrt(num_seeds - 1) * tan(bound))))
        not_above = _with_one_more(not_above, bound, num_seeds)
    return tuple(cutoffs)


def _t_distribution(num_seeds: int) -> Distribution:
    """Return the distribution of the angle before the first look."""
    return lambda angles: stdtr(num_seeds - 1, sqrt(num_seeds - 1) * np.tan(angles))


def _quantile(not_above: Distribution, share: float) -> float:
    """Find the angle above 0 whose `not_above` is this share."""
    from scipy.optimize import brentq  # loads slowly, and only adaptive seeds need it

    return float(brentq(lambda angle: float(not_above(np.array([angle]))[0]) - share, 0, pi / 2))


def _with_one_more(not_above: Distribution, bound: float, num_seeds: int) -> Distribution:
    """Remove the angles above the bound, which are decided; carry the rest from n to n + 1."""
    edges = np.linspace(-pi / 2, bound, NUM_ANGLES + 1)
    mass = np.diff(not_above(edges))  # (cells,)
    middles = (edges[1:] + edges[:-1]) / 2  # (cells,)
    return lambda angles: _transition(angles[:, None], middles, num_seeds) @ mass


def _transition(angles: Angles, given: Angles, num_seeds: int) -> NDArray[np.float64]:
    """Return the probability that the angle at n + 1 seeds is not above each of `angles`.

    `given` are the angles at n seeds. sqrt(n) sin(given) cos(turn) + sin(turn) =
    reach sin(turn + tilt), so the turns between two bounds lead above; all other turns do not.

    Shapes:
        angles: (A, 1), given: (cells,) -> (A, cells)
    """
    tilt = np.arctan(sqrt(num_seeds) * np.sin(given))
    reach = np.sqrt(1 + num_seeds * np.sin(given) ** 2)
    needed = np.arcsin(np.clip(sqrt(num_seeds + 1) * np.sin(angles) / reach, -1, 1))

    def turns_below(bound: Angles) -> NDArray[np.float64]:
        limited = np.clip(bound, -pi / 2, pi / 2)
        return stdtr(num_seeds, sqrt(num_seeds) * np.tan(limited))

    lowest = turns_below(-pi - needed - tilt)  # below this, the sine is above again
    return turns_below(needed - tilt) - lowest + 1 - turns_below(pi - needed - tilt)
