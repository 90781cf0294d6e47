"""The goal of a search."""

from dataclasses import dataclass

from reports.ledger.search_result import Objective, SamplerName


@dataclass(frozen=True)
class SearchGoal:
    """The objectives, the total number of candidates, and how to draw and stop them.

    `seed` is the sampler's. With `stops_early`, a candidate stops if others had a higher F1. The
    result is compared with that of the search that is named by `against`, if any is.
    """

    objectives: tuple[Objective, ...]
    num_candidates: int
    seed: int
    stops_early: bool
    sampler: SamplerName = "tpe"
    against: str | None = None
