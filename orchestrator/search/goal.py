"""What a search is after."""

from dataclasses import dataclass

from reports.ledger.search_result import Objective


@dataclass(frozen=True)
class SearchGoal:
    """For which objectives, with how many candidates in all, and how they are drawn and stopped.

    `seed` is the sampler's. With `stops_early` a candidate ends whose F1 is lower than others' was.
    """

    objectives: tuple[Objective, ...]
    num_candidates: int
    seed: int
    stops_early: bool
