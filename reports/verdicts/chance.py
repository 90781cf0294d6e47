"""What a number of seeds can show in one comparison: its spread, the power, the seeds needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from statistics import stdev
from typing import Literal, NamedTuple

from reports.scores.cells import Outcome
from reports.scores.trials import TrialScores
from reports.statistics.equivalence import (
    equivalence_power,
    seeds_for_equivalence,
    smallest_margin,
)
from reports.statistics.power import power_of, seeds_needed, smallest_effect
from reports.verdicts.evidence import compare
from search_spaces.claim import Claim, Comparison
from search_spaces.metrics.registry import find_metric

ASSUMED_STD = 0.008 * sqrt(2)
"""The spread of paired differences before any training: uncorrelated scores of std 0.8 points.

Of metrics that are no fractions it is .008 too, which is no more than a guess.
"""

ENOUGH_PAIRS = 10
"""So many pairs suffice to estimate the spread of a comparison.

The std of three pairs is below half the true one in one of five cases: too many claims would then
count as decidable.
"""


Origin = Literal["own", "pooled", "assumed"]


@dataclass(frozen=True)
class Spread:
    """The standard deviation of paired differences, a fraction, and its origin.

    It comes from the two rows themselves, or else from all comparisons of the study (pooled), or
    else it is assumed. `num_pairs` is the number of differences in it, of the two rows or pooled.
    """

    std: float
    origin: Origin
    num_pairs: int


@dataclass(frozen=True)
class Chance:
    """What a number of seeds can show in one comparison at a one-sided level.

    `distance`, a fraction, is the gap that the test must distinguish from 0; None if no gap is
    printed. With a margin, a fraction too, two tests must show that this gap lies within it.
    """

    comparison: Comparison
    distance: float | None
    spread: Spread
    num_seeds: int
    level: float
    margin: float | None = None

    @cached_property
    def power(self) -> float | None:
        """The probability that the test finds the distance, or that both show it in the margin."""
        if self._d_z is None:
            return None
        if self.margin is not None:
            margin = self.margin / self.spread.std
            return equivalence_power(self._d_z, margin, self.num_seeds, self.level)
        return power_of(self._d_z, self.num_seeds, self.level)

    @cached_property
    def seeds_needed(self) -> int | None:
        """How many seeds do so with power .8; None if unknown or more than 1000."""
        if self._d_z is None:
            return None
        if self.margin is not None:
            return seeds_for_equivalence(self._d_z, self.margin / self.spread.std, self.level)
        return seeds_needed(self._d_z, self.level)

    @cached_property
    def smallest_gap(self) -> float:
        """The smallest distance, or margin around 0, that the seeds find with power .8.

        It is a fraction.
        """
        smallest = smallest_effect if self.margin is None else smallest_margin
        return smallest(self.num_seeds, self.level) * self.spread.std

    @property
    def _d_z(self) -> float | None:
        return None if self.distance is None else self.distance / self.spread.std


def find_spreads(
    claims: Sequence[Claim], outcomes: Sequence[Outcome], trial_scores: TrialScores
) -> dict[Comparison, Spread]:
    """Estimate the spread of every comparison from the finished trials.

    Ten pairs suffice for an estimate. Fewer pairs are filled up to ten with the pooled spread of
    the study, of metrics of the same unit. In the pooled spread, the assumed one counts as ten
    pairs: claims share rows and seeds, so their pairs together are worth fewer than their number.
    A spread of 0 is ignored: it occurs when two rows make the same decisions at every seed.

    Raises:
        LedgerError: If predictions are damaged or missing.
    """
    differences = {
        one: compare(one, claim, outcomes, trial_scores).differences
        for claim in claims
        for one in claim.comparisons
    }
    found = {one: _Sample(stdev(pairs), len(pairs)) for one, pairs in differences.items() if pairs}
    found = {one: sample for one, sample in found.items() if sample.std > 0}
    pools = {
        pool: _pool([sample for one, sample in found.items() if _pool_of(one) == pool])
        for pool in map(_pool_of, differences)
    }
    return {
        one: _fill(found[one], pools[_pool_of(one)]) if one in found else pools[_pool_of(one)]
        for one in differences
    }


def _pool_of(comparison: Comparison) -> str:
    """Name what has a spread in common: all that is in percent, or a metric that is not."""
    metric = find_metric(comparison.score.metric)
    return metric.unit if metric.unit == "percent" else metric.name


class _Sample(NamedTuple):
    """The standard deviation of some paired differences."""

    std: float
    num_pairs: int

    @property
    def df(self) -> int:
        return self.num_pairs - 1


def _pool(samples: Sequence[_Sample]) -> Spread:
    """Pool the samples, with the assumed spread as one more sample of ten pairs."""
    if not samples:
        return Spread(ASSUMED_STD, "assumed", 0)
    std = _mean_std([*samples, _Sample(ASSUMED_STD, ENOUGH_PAIRS)])
    return Spread(std, "pooled", sum(one.num_pairs for one in samples))


def _fill(own: _Sample, pooled: Spread) -> Spread:
    """Fill up a sample of fewer than ten pairs, to the degrees of freedom of ten pairs."""
    if own.num_pairs >= ENOUGH_PAIRS:
        return Spread(own.std, "own", own.num_pairs)
    filling = _Sample(pooled.std, 1 + ENOUGH_PAIRS - own.num_pairs)
    return replace(pooled, std=_mean_std([own, filling]))


def _mean_std(samples: Sequence[_Sample]) -> float:
    """Average the variances, weighted by their degrees of freedom; return the root."""
    return sqrt(sum(one.df * one.std**2 for one in samples) / sum(one.df for one in samples))
