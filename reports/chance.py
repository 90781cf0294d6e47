"""What a number of seeds can tell of one comparison: its spread, the power, the seeds needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from statistics import stdev
from typing import Literal

from reports.cells import Outcome
from reports.evidence import compare
from reports.statistics.power import power_of, seeds_needed, smallest_effect
from reports.trial_scores import TrialScores
from search_spaces.claim import Claim, Comparison

ASSUMED_STD = 0.008 * sqrt(2)
"""Of paired differences where nothing is trained: scores of std 0.8 points, uncorrelated."""


Origin = Literal["own", "pooled", "assumed"]


@dataclass(frozen=True)
class Spread:
    """The standard deviation of paired differences, a fraction, and where it comes from.

    It is that of the two rows themselves, else pooled over what else the study compares, else
    assumed.
    """

    std: float
    origin: Origin


@dataclass(frozen=True)
class Chance:
    """What a number of seeds can tell of one comparison at a one-sided level.

    `distance`, a fraction, is what must be told from 0; None if nothing is printed.
    """

    comparison: Comparison
    distance: float | None
    spread: Spread
    num_seeds: int
    level: float

    @cached_property
    def power(self) -> float | None:
        """The probability of telling it."""
        d_z = self._d_z
        return None if d_z is None else power_of(d_z, self.num_seeds, self.level)

    @cached_property
    def seeds_needed(self) -> int | None:
        """How many seeds tell it with power .8; None if that is unknown, or more than 1000."""
        return None if self._d_z is None else seeds_needed(self._d_z, self.level)

    @cached_property
    def smallest_gap(self) -> float:
        """The least distance, a fraction, that the seeds tell with power .8."""
        return smallest_effect(self.num_seeds, self.level) * self.spread.std

    @property
    def _d_z(self) -> float | None:
        return None if self.distance is None else self.distance / self.spread.std


def find_spreads(
    claims: Sequence[Claim], outcomes: Sequence[Outcome], trial_scores: TrialScores
) -> dict[Comparison, Spread]:
    """Estimate the spread of every comparison from the trials that are finished.

    A spread of 0, as of two rows that decide alike on every seed, tells nothing.

    Raises:
        LedgerError: If predictions are damaged or missing.
    """
    differences = {
        one: compare(one, claim, outcomes, trial_scores).differences
        for claim in claims
        for one in claim.comparisons
    }
    stds = {one: stdev(found) for one, found in differences.items() if found}
    stds = {one: std for one, std in stds.items() if std > 0}
    df = sum(len(differences[one]) - 1 for one in stds)
    squares = sum((len(differences[one]) - 1) * std**2 for one, std in stds.items())
    rest = Spread(sqrt(squares / df), "pooled") if df else Spread(ASSUMED_STD, "assumed")
    return {one: Spread(stds[one], "own") if one in stds else rest for one in differences}
