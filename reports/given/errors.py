"""What a user can get wrong in a file of results."""

from pathlib import Path

from corpora.errors import UserError

MOST_TOLD = 5
"""So many faults of one kind are told; the others are counted."""


class GivenError(UserError):
    """A file of results, or what was said of it, is wrong; the message names file and line."""


def refuse(path: Path, faults: list[str]) -> None:
    """Raise an error about a file if it has faults.

    Raises:
        GivenError: If there is a fault; it tells the first of them.
    """
    if not faults:
        return
    more = len(faults) - MOST_TOLD
    told = faults[:MOST_TOLD] + ([f"and {more} more"] if more > 0 else [])
    if len(told) == 1:
        raise GivenError(f"{path}: {told[0]}")
    raise GivenError("\n  ".join([f"{path}:", *told]))
