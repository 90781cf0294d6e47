"""What a check of printed numbers gives back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from search_spaces.published import PublishedData


@dataclass(frozen=True)
class Finding:
    """Printed numbers that do not agree: the check, the row, cell or claim, and what is wrong."""

    check: str
    where: str
    text: str


Examined = Iterable[Finding | None]
"""One item for each thing that a check looked at; None where nothing is wrong with it."""


class Check(NamedTuple):
    """A check by its name: what it finds wrong, the things it looks at, and how."""

    name: str
    wrong: str
    things: str
    examine: Callable[[PublishedData], Examined]
