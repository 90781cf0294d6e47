"""In which unit the values of a metric are: said by the user, or evident from the values."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from reports.given.errors import GivenError
from reports.given.metrics import Scaling

SURELY_PERCENT = 2.0
"""A fraction is at most 1, and few scores in percent are this low."""


def find_scaling(
    path: Path, header: str, by_row: Mapping[str, Sequence[float]], given: Scaling | None
) -> tuple[Scaling, str]:
    """Find the unit of a metric, and why.

    Args:
        path: The file.
        header: The name of the metric as written.
        by_row: The values of each row.
        given: The unit that the user says, or that the name of the metric says.

    Raises:
        GivenError: If values are outside of the range of the unit, if it is not evident, or if rows
            seem to be in different units.
    """
    values = list(chain.from_iterable(by_row.values()))
    if given == "plain":
        return "plain", ""
    if not values:
        return given or "fraction", "there are none"
    high = max(map(abs, values))
    if given is not None:
        limit = 100.0 if given == "percent" else 1.0
        if high > limit:
            raise GivenError(
                f"{path}: {header} has the value {high:g}, outside of the range of the unit "
                f"'{given}', which ends at {limit:g}; leave out --unit, or give the other one"
            )
        return given, "as said"
    if high > 100:
        raise GivenError(
            f"{path}: {header} has the value {high:g}, which is neither a fraction nor in percent; "
            f"say --plain {header} if it is no share, or leave it out with --metric"
        )
    if high <= 1:
        return "fraction", "guessed: none is above 1"
    if high < SURELY_PERCENT:
        raise GivenError(
            f"{path}: the highest value of {header} is {high:g}: in percent, or a fraction that is "
            "too high? give --unit percent or --unit fraction"
        )
    low = [row for row, of_row in by_row.items() if of_row and max(map(abs, of_row)) <= 1]
    if low:
        raise GivenError(
            f"{path}: {header} of row '{low[0]}' is at most 1, but other rows reach {high:g}; "
            "write all in one unit, or give --unit percent"
        )
    return "percent", "guessed: they are above 1"
