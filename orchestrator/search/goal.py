"""The goal of a search, and the means by which its candidates are trained."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cluster.machines import Machines
from reports.ledger.search_result import Objective, SamplerName

if TYPE_CHECKING:
    from orchestrator.forecast.prices import Prices
    from orchestrator.sweep.studies import Measures


@dataclass(frozen=True)
class SearchGoal:
    """The objectives, the total number of candidates, and how to draw and stop them.

    `seed` is the sampler's. With `stops_early`, a candidate stops if others had a higher F1. The
    result is compared with that of the search that is named by `against`, if any is. With
    `num_seeds` above 1, the best candidates get more seeds, which choose the winner.
    """

    objectives: tuple[Objective, ...]
    num_candidates: int
    seed: int
    stops_early: bool
    sampler: SamplerName = "tpe"
    against: str | None = None
    num_seeds: int = 1


@dataclass(frozen=True)
class SearchMeans:
    """Which machines train, whether candidates are measured first, and whether models are kept.

    Unless `measures` is "none", a forecast is printed, with costs if the `prices` are known.
    """

    machines: Machines
    measures: "Measures"
    prices: "Prices | None"
    keeps_models: bool
