"""Simulated claims, and the designs that decide them.

A design decides many tables at once from the t of every claim at every look. Tests check it against
`reports.statistics.verdicts.judge`, which decides one table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from reports.statistics.looks import LOOKS
from reports.statistics.sequential import cutoff

ALPHA = 0.025

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def draw_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Draw normal errors."""
    return rng.standard_normal(shape)


def draw_t3(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Draw errors with heavy tails, of variance 1."""
    return rng.standard_t(3, shape) / sqrt(3)


def draw_collapse(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Draw errors scaled to mean 0 and variance 1; every tenth is lower by 4 before scaling."""
    share, depth = 0.1, 4.0
    errors = rng.standard_normal(shape) - depth * (rng.random(shape) < share)
    return (errors + share * depth) / sqrt(1 + share * (1 - share) * depth**2)


LAWS: Mapping[str, tuple[Draw, Draw]] = {
    "normal": (draw_normal, draw_normal),
    "t3": (draw_t3, draw_t3),
    "collapse": (draw_collapse, draw_collapse),
    "one collapses": (draw_collapse, draw_normal),
}
"""The laws of the errors of a claim's row, and of the row that it is compared with."""


@dataclass(frozen=True)
class Estimates:
    """Estimates for every replication and claim at every look.

    The unit is the standard deviation of the differences.

    Shapes:
        means, std_errors: (looks, replications, claims)
    """

    means: Floats
    std_errors: Floats
    looks: tuple[int, ...]

    def t(self, gap: float | Floats, margin: float) -> Floats:
        """Return t against the margin for this true gap, given by claim or for all."""
        return (self.means + gap - margin) / self.std_errors


@dataclass(frozen=True)
class Rejected:
    """The decisions of a design.

    Shapes:
        all: (replications, claims)

    Attributes:
        not_above: Whether gap <= 0 is rejected: HOLDS or HOLDS-WEAKER.
        not_below: Whether gap >= 0 is rejected: REVERSED.
        not_weaker: Whether gap >= margin is rejected: FAILS or HOLDS-WEAKER, if not REVERSED.
        equivalent: Whether |gap| >= margin is rejected: EQUIVALENT, if not HOLDS-WEAKER or
            REVERSED.
        num_seeds: The number of seeds after which the claim was closed.
    """

    not_above: Bools
    not_below: Bools
    not_weaker: Bools
    equivalent: Bools
    num_seeds: NDArray[np.int_]


Design = Callable[[Estimates, float | Floats, float], Rejected]


def draw_differences(law: str, num: int, num_seeds: int, rng: np.random.Generator) -> Floats:
    """Draw paired differences of mean 0 and variance 1, (num, seeds)."""
    draw, draw_other = LAWS[law]
    return (draw(rng, (num, num_seeds)) - draw_other(rng, (num, num_seeds))) / sqrt(2)


def estimate(
    law: str,
    num: int,
    num_claims: int,
    shared: bool,
    rng: np.random.Generator,
    looks: tuple[int, ...] = LOOKS,
) -> Estimates:
    """Draw the differences of a table without gaps, and estimate the gaps at each look."""
    draw, draw_other = LAWS[law]
    rows = draw(rng, (num, num_claims, looks[-1]))
    others = draw_other(rng, (num, 1 if shared else num_claims, looks[-1]))
    differences = (rows - others) / sqrt(2)
    seen = [differences[..., :look] for look in looks]
    return Estimates(
        means=np.stack([d.mean(axis=-1) for d in seen]),
        std_errors=np.stack([d.std(axis=-1, ddof=1) / sqrt(d.shape[-1]) for d in seen]),
        looks=looks,
    )


def decide_fixed(estimates: Estimates, gap: float | Floats, margin: float) -> Rejected:
    """Test all claims at the last look, Holm-adjusted for each hypothesis."""
    last = estimates.looks[-1]
    above_zero, above_margin, above_opposite = (
        estimates.t(gap, m)[-1] for m in (0.0, margin, -margin)
    )
    return Rejected(
        not_above=_holm(above_zero, df=last - 1),
        not_below=_holm(-above_zero, df=last - 1),
        not_weaker=_holm(-above_margin, df=last - 1),
        equivalent=_holm(np.minimum(-above_margin, above_opposite), df=last - 1),
        num_seeds=np.full(above_zero.shape, last),
    )


def decide_adaptive(
    estimates: Estimates, gap: float | Floats, margin: float, *, recycle: bool = False
) -> Rejected:
    """Test the open claims at each look, each at its share of alpha."""
    above_zero, above_margin = estimates.t(gap, 0.0), estimates.t(gap, margin)
    within = np.minimum(-above_margin, estimates.t(gap, -margin))
    statistics = (above_zero, -above_zero, -above_margin, within)
    rejected = np.zeros((4, *above_zero.shape[1:]), bool)
    num_seeds = np.full(above_zero.shape[1:], estimates.looks[-1])
    is_open = np.ones(above_zero.shape[1:], bool)
    for number, look in enumerate(estimates.looks):
        bounds = _bounds(look, above_zero.shape[2], estimates.looks)
        for hypothesis, t in zip(rejected, statistics, strict=True):
            _reject(hypothesis, t[number], is_open, bounds, recycle=recycle)
        closed = is_open & rejected.any(axis=0)
        num_seeds[closed] = look
        is_open &= ~closed
    not_above, not_below, not_weaker, equivalent = rejected
    return Rejected(not_above, not_below, not_weaker, equivalent, num_seeds)


def decide_recycled(estimates: Estimates, gap: float | Floats, margin: float) -> Rejected:
    """Test the open claims at each look, each at its share of the remaining alpha."""
    return decide_adaptive(estimates, gap, margin, recycle=True)


DESIGNS: Mapping[str, Design] = {
    "fixed": decide_fixed,
    "adaptive": decide_adaptive,
    "recycled": decide_recycled,
}


def _holm(t: Floats, df: int) -> Bools:
    """Apply Holm's procedure to each replication.

    Shapes:
        t: (replications, claims) -> (replications, claims)
    """
    num_claims = t.shape[1]
    order = np.argsort(-t, axis=1)
    bounds = -stdtrit(df, ALPHA / np.arange(num_claims, 0, -1))  # (claims,)
    high = np.logical_and.accumulate(np.take_along_axis(t, order, axis=1) > bounds, axis=1)
    rejected = np.zeros(t.shape, bool)
    np.put_along_axis(rejected, order, high, axis=1)
    return rejected


def _bounds(look: int, num_claims: int, looks: tuple[int, ...]) -> Floats:
    """Return the bounds that t must exceed at a look if 1, 2, ... claims share alpha."""
    levels = [cutoff(look, ALPHA / sharing, looks) for sharing in range(1, num_claims + 1)]
    return -stdtrit(look - 1, np.array(levels))


def _reject(rejected: Bools, t: Floats, is_open: Bools, bounds: Floats, *, recycle: bool) -> None:
    """Add the hypotheses that this look rejects; with recycling, repeat until none is new."""
    num_claims = len(bounds)
    for _ in range(num_claims if recycle else 1):
        sharing = num_claims - rejected.sum(axis=1) if recycle else np.full(len(t), num_claims)
        rejected |= is_open & (t > bounds[np.maximum(sharing, 1) - 1][:, None])
