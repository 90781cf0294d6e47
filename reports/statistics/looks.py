"""The numbers of seeds at which open claims are judged, if seeds are adaptive."""

from collections.abc import Sequence

LOOKS = (3, 5, 7, 10)


def looks_until(max_seeds: int, looks: Sequence[int]) -> tuple[int, ...]:
    """Return the looks of a plan that ends with `max_seeds`."""
    return (*(look for look in looks if look < max_seeds), max_seeds)
