"""How many seeds a sweep trains, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.statistics.looks import LOOKS
from search_spaces.trial import Stream


@dataclass(frozen=True)
class AdaptiveSeeds:
    """The numbers of seeds at which open claims are judged, ascending."""

    looks: tuple[int, ...] = LOOKS


@dataclass(frozen=True)
class ExtraSeeds:
    """A number of seeds, or None for the study's own, and what the baseline row gets besides.

    With `has_control` it gets as many more seeds. Each random stream of `varied` is also varied
    alone: it gets so many seeds, and the other streams keep the first one.
    """

    num_seeds: int | None = None
    has_control: bool = False
    varied: tuple[Stream, ...] = ()


Seeds = int | AdaptiveSeeds | ExtraSeeds | None
"""How many seeds a sweep trains: a number, as many as claims need, or what the study says."""

SeedNumbers = int | Mapping[str, int] | ExtraSeeds | None
"""How many seeds, from 0 on: for all rows, or for each row by name; None for the study's own."""
