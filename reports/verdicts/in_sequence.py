"""Verdicts under adaptive seeds: the claims of a table are judged look after look.

Alpha is split evenly over the claims of a table. A decided claim passes its share on to the open
claims (Holm). `benchmarks/README.md` says when that saves seeds, and how many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.statistics.gap import Gap, paired_gap
from reports.statistics.sequential import cutoff
from reports.statistics.verdicts import Verdict, first_that_fits
from reports.verdicts.evidence import Compared, weigh
from search_spaces.claim import Claim


@dataclass(frozen=True)
class Closed:
    """The verdict on a claim so far, and the look at which it was reached."""

    verdict: Verdict
    look: int


def next_look(num_seeds: int, looks: Sequence[int]) -> int | None:
    """Return the first look with more seeds than this; None after the last look."""
    return next((look for look in looks if look > num_seeds), None)


def judge_in_sequence(
    claims: Sequence[tuple[Claim, Sequence[Compared]]], looks: tuple[int, ...], level: float
) -> list[Closed | None]:
    """Judge the claims of one table at every look that their seeds reach.

    A claim that is decided at a look is closed; later seeds do not open it again.

    Args:
        claims: The claims with all of their comparisons.
        looks: The planned numbers of seeds, ascending.
        level: The one-sided level of the table.

    Returns:
        The verdict so far on each claim; None if its seeds do not reach the first look.
    """
    ends: list[Closed | None] = [None] * len(claims)
    rejected = np.zeros((len(claims), 4), dtype=bool)
    for look in looks:
        p = np.full(rejected.shape, np.inf)  # inf: the claim is closed, or it has too few seeds
        for number, (claim, compared) in enumerate(claims):
            is_closed = bool(rejected[number].any())
            if not is_closed and all(len(one.differences) >= look for one in compared):
                p[number] = _weigh_at(look, claim, compared)
        _reject(p, rejected, look, looks, level)
        for judged in np.flatnonzero(np.isfinite(p).all(axis=1)).tolist():
            ends[judged] = Closed(first_that_fits(*rejected[judged].tolist()), look)
    return ends


def gap_at(look: int, compared: Compared) -> Gap:
    """Estimate a gap only from the seeds up to a look."""
    return paired_gap(np.array(compared.differences[:look]))


def _weigh_at(look: int, claim: Claim, compared: Sequence[Compared]) -> list[float]:
    """Return the p-values of a claim's hypotheses, in the order of `first_that_fits`."""
    evidence = weigh(claim, {one.comparison: gap_at(look, one) for one in compared})
    return [
        evidence.p_not_below_zero,
        evidence.p_not_above_zero,
        evidence.p_not_below_margin,
        evidence.p_not_equivalent,
    ]


def _reject(
    p: NDArray[np.float64],
    rejected: NDArray[np.bool_],
    look: int,
    looks: tuple[int, ...],
    level: float,
) -> None:
    """Add the hypotheses that are rejected at this look.

    A rejected hypothesis lowers the number that shares alpha, so repeat until nothing is added.

    Shapes:
        p, rejected: (claims, hypotheses)
    """
    while True:
        sharing = np.maximum(len(p) - rejected.sum(axis=0), 1)
        cutoffs = np.array([cutoff(look, level / int(number), looks) for number in sharing])
        new = (p < cutoffs) & ~rejected
        if not new.any():
            return
        rejected |= new
