"""What a check of printed numbers returns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from search_spaces.printed.published import PublishedData


@dataclass(frozen=True)
class Finding:
    """Printed numbers that do not agree: the check, the row, cell or claim, and the fault."""

    check: str
    where: str
    text: str


Examined = Iterable[Finding | None]
"""One item for each thing that a check looked at; None where nothing is wrong with it."""


class Check(NamedTuple):
    """A check: its name, what it finds wrong, what it looks at, and the function that does it."""

    name: str
    wrong: str
    things: str
    examine: Callable[[PublishedData], Examined]
