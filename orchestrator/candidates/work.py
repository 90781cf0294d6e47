"""The candidates that a search measures and trains."""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.candidates.estimate import Drawn


class SearchWork(NamedTuple):
    """The candidates of a search: the `first` ones are measured, the `missing` ones will train.

    Those to come are drawn at random, whatever will draw them. `num_candidates` is the total, with
    those that have ended.
    """

    first: Sequence[Drawn]
    missing: Sequence[Drawn]
    num_candidates: int
    stops_early: bool
