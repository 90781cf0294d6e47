"""How many seeds a sweep trains, and at which numbers of seeds open claims are judged."""

from collections.abc import Sequence
from dataclasses import dataclass

LOOKS = (3, 5, 7, 10)


@dataclass(frozen=True)
class AdaptiveSeeds:
    """The numbers of seeds at which open claims are judged, ascending."""

    looks: tuple[int, ...] = LOOKS


@dataclass(frozen=True)
class ControlSeeds:
    """A number of seeds, or None for the study's own, and as many more for the baseline row."""

    num_seeds: int | None = None


Seeds = int | AdaptiveSeeds | ControlSeeds | None
"""How many seeds a sweep trains: a number, as many as claims need, or what the study says."""


def looks_until(max_seeds: int, looks: Sequence[int]) -> tuple[int, ...]:
    """Return the looks of a plan that ends with `max_seeds`."""
    return (*(look for look in looks if look < max_seeds), max_seeds)
