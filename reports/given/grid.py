"""A file of results as lines of texts."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from unicodedata import category

from reports.given.errors import GivenError, refuse

DELIMITERS = ",;\t"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """The cells of a line, and its number in the file, counted from 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A CSV file: the names of its columns as written, and its lines, all of that length."""

    path: Path
    names: tuple[str, ...]
    lines: tuple[Line, ...]

    def find(self, name: str) -> int | None:
        """Return the place of a column; upper and lower case are the same."""
        places = {one.casefold(): place for place, one in enumerate(self.names)}
        return places.get(name.strip().casefold())


def read_results(path: Path) -> Grid:
    """Read a CSV file; it may be separated by commas, semicolons or tabs.

    Raises:
        GivenError: If the file cannot be read, is no CSV in UTF-8, has no lines, names a column
            twice, or has a line of another length than the header.
    """
    text = _read_text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=max(DELIMITERS, key=first.count))
    lines: list[Line] = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                lines.append(Line(reader.line_num, stripped))
    except csv.Error as error:
        raise GivenError(f"{path}: line {reader.line_num}: is no CSV: {error}") from error
    if not lines:
        raise GivenError(f"{path}: is empty; it needs a line of column names, then results")
    (_, names), *body = lines
    if not body:
        raise GivenError(f"{path}: has column names and no results: {', '.join(names)}")
    twice = [name for name, num in Counter(n.casefold() for n in names).items() if name and num > 1]
    faults = [f"line 1: twice the column '{name}'; rename one" for name in twice]
    faults += [
        f"line {number}: {len(cells)} cells, but the header has {len(names)}"
        for number, cells in body
        if len(cells) != len(names)
    ]
    refuse(path, faults)
    return Grid(path, names, tuple(body))


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GivenError(f"{path}: cannot be read: {error.strerror}") from error
    if content.startswith(UTF_16):
        raise GivenError(f"{path}: is UTF-16; save it as CSV in UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise GivenError(
            f"{path}: line {line}: is not UTF-8, at the byte 0x{content[error.start]:02x}; save it "
            "as CSV in UTF-8"
        ) from error
    for number, line_text in enumerate(text.split("\n"), 1):
        if not line_text.isprintable():
            _refuse_commands(path, number, line_text)
    return text


def _refuse_commands(path: Path, number: int, text: str) -> None:
    """Refuse control characters: names with them would command the terminal."""
    for character in text:
        if category(character) == "Cc" and not character.isspace():
            raise GivenError(
                f"{path}: line {number}: holds the control character U+{ord(character):04X}; "
                "remove it"
            )
