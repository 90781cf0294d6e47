"""A table in a CSV, read strictly: no row is ever swallowed by a quotation mark left open."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from corpora.source.errors import CorpusError

DELIMITERS = (",", ";", "\t")
"""What may stand between two cells; the first is the usual one."""

QUOTING = 'put a cell between two " and double each " inside it'

_MAX_SHOWN = 80
"""So many letters of a wrong first line are shown."""

_DECLARATION = re.compile(r'"?sep=([^"\w\s]|\t)"?[,;\t]*', re.IGNORECASE)
"""The first line that Excel writes and reads; some programs fill it up with delimiters."""

Line = Mapping[str, str]
"""The cells of a line by column, without blanks around them."""

MayHold = Callable[[str, str], bool]
"""Tells whether a column, in small letters, holds values of a closed set, and a cell is in it."""


@dataclass(frozen=True)
class CsvTable:
    """A table.

    Attributes:
        columns: Their names, as written; each once, but for those without a name.
        lines: By the number of the line that each begins in; those of empty cells are left out.
        delimiter: What stands between two cells.
    """

    path: Path
    columns: tuple[str, ...]
    lines: Mapping[int, Line]
    delimiter: str


def read_csv_table(
    path: Path,
    wanted: Collection[str],
    *,
    may_hold: MayHold = lambda column, cell: False,
    errors: str = "strict",
) -> CsvTable:
    """Read a CSV whose first line names the columns.

    Cells are divided by commas, or by what a first line such as `sep=;` says, or by semicolons or
    tabs where these make the wanted columns of the header and commas do not. Missing cells at a
    line's end are empty.

    Args:
        path: The file.
        wanted: Columns that must be there, in small letters; the header may use capitals.
        may_hold: Says what else than the values on other lines shows that a line was swallowed.
        errors: What happens to bytes that are not UTF-8, as in `bytes.decode`.

    Raises:
        CorpusError: If the file cannot be read, its quotation marks do not match, a cell holds a
            line of the table, a line has too many cells, a column is named twice, or the first line
            names no wanted column.
    """
    text = _read_text(path, errors)
    lines = list(io.StringIO(text, newline=""))  # divided as the csv module divides them
    with _cells_of_any_size(text):
        begin, delimiter, names = _find_delimiter(lines, wanted)
        if names and wanted and names.isdisjoint(wanted):
            raise CorpusError(
                f"CSV '{path}': the first line must name the columns; it is: "
                f"{lines[begin].strip()[:_MAX_SHOWN]!r}. Name {', '.join(wanted)} and the others; "
                "put a comma, semicolon or tab between two cells"
            )
        rows = _parse(path, lines, begin, delimiter, may_hold)
    columns = next(iter(rows.values()), ())
    rows = dict(list(rows.items())[1:])
    columns, rows = _without_empty_columns(columns, rows)
    twice = [name for name, count in Counter(filter(None, columns)).items() if count > 1]
    if twice:
        raise CorpusError(f"CSV '{path}' names a column twice: {', '.join(twice)}")
    if names.issuperset(wanted):  # else the caller says what is missing
        _check_lengths(path, columns, rows)
    padded = {
        number: (*cells, *[""] * (len(columns) - len(cells))) for number, cells in rows.items()
    }
    return CsvTable(
        path=path,
        columns=columns,
        lines={number: dict(zip(columns, cells, strict=False)) for number, cells in padded.items()},
        delimiter=delimiter,
    )


def _read_text(path: Path, errors: str) -> str:
    try:
        with path.open(newline="", encoding="utf-8-sig", errors=errors) as file:
            text = file.read()
    except FileNotFoundError as error:
        raise CorpusError(f"CSV '{path}' does not exist") from error
    except OSError as error:
        raise CorpusError(f"CSV '{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"CSV '{path}' is not UTF-8 text: {error}; save it as 'CSV UTF-8'"
        ) from error
    if "\0" in text:
        number = text[: text.index("\0")].count("\n") + 1
        raise CorpusError(f"CSV '{path}', line {number}, holds a NUL character: remove it")
    return text


@contextmanager
def _cells_of_any_size(text: str) -> Iterator[None]:
    """Let the csv module read cells as long as a text; it sets one limit for a whole process."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, len(text)))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _find_delimiter(
    lines: Sequence[str], wanted: Collection[str]
) -> tuple[int, str, frozenset[str]]:
    """Return the index of the header's line, what stands between two cells, and its names."""
    declared = _DECLARATION.fullmatch(lines[0].strip("\r\n")) if lines else None
    if declared is not None:
        return 1, declared[1], _names(lines[1:], declared[1])
    begin = next((index for index, line in enumerate(lines) if line.strip(" ,;\t\r\n")), 0)
    for delimiter in DELIMITERS:
        names = _names(lines[begin:], delimiter)
        if names.issuperset(wanted):
            return begin, delimiter, names
    return begin, DELIMITERS[0], _names(lines[begin:], DELIMITERS[0])


def _names(lines: Sequence[str], delimiter: str) -> frozenset[str]:
    """Return the names in the first of some lines, in small letters."""
    cells = next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), [])
    return frozenset(cell.strip().lower() for cell in cells)


def _parse(
    path: Path, lines: Sequence[str], begin: int, delimiter: str, may_hold: MayHold
) -> dict[int, tuple[str, ...]]:
    """Return the cells of the header and of the lines that are not empty."""
    rows: dict[int, tuple[str, ...]] = {}
    last_line = {}
    broken = {}
    first = begin + 1
    try:
        reader = csv.reader(lines[begin:], delimiter=delimiter, skipinitialspace=True, strict=True)
        for row in reader:
            rows[first] = tuple(cell.strip() for cell in row)
            broken[first] = [at for at, cell in enumerate(row) if "\n" in cell or "\r" in cell]
            last_line[first] = begin + reader.line_num
            first = last_line[first] + 1
    except csv.Error as error:
        noticed = begin + reader.line_num
        raise CorpusError(
            f"CSV '{path}', line {first}: a quotation mark is not closed, or stands inside a cell "
            f"(noticed in line {noticed}: {error}); {QUOTING}"
        ) from error
    rows = {number: cells for number, cells in rows.items() if any(cells)}
    pattern = _LinePattern(rows, last_line, delimiter, may_hold)
    swallowed = [
        f"line {number}: a cell goes on to line {last_line[number]}"
        for number, cells in rows.items()
        for at in broken[number]
        if pattern.repeats_in(lines[number - 1 : last_line[number]], cells, at)
    ]
    if swallowed:
        raise CorpusError(
            f"CSV '{path}', {'; '.join(swallowed)}, and holds whole lines of the table: a "
            f"quotation mark was not closed. To write one, {QUOTING}; leave line breaks out of "
            "cells with many commas"
        )
    return rows


class _LinePattern:
    """What a line of a table looks like: the number of its cells, and what its columns hold.

    A cell that swallowed lines of the table looks like text with line breaks to the csv module.
    Then every line of the file that the cell takes part in looks like a line of the table: it has
    as many cells, its first and last cell look like those of other lines, and some cell beside the
    text holds what its column holds elsewhere. Text with many commas has no such cell.
    """

    def __init__(
        self,
        rows: Mapping[int, Sequence[str]],
        last_line: Mapping[int, int],
        delimiter: str,
        may_hold: MayHold,
    ) -> None:
        header, *numbers = rows or (0,)
        self._columns = [name.lower() for name in rows.get(header, ())]
        self._num_cells = len(self._columns)
        undoubted = [rows[number] for number in numbers if last_line[number] == number]
        self._delimiter, self._may_hold = delimiter, may_hold
        self._first = {cells[0] for cells in undoubted}
        self._last = {cells[-1] for cells in undoubted if len(cells) == self._num_cells}
        self._known = {(at, cell) for cells in undoubted for at, cell in enumerate(cells) if cell}

    def repeats_in(self, lines: Sequence[str], cells: Sequence[str], at: int) -> bool:
        """Tell whether the lines of one row look like several lines of the table.

        Args:
            lines: The lines.
            cells: The row's cells.
            at: The index of a cell that holds line breaks.
        """
        if len(lines) < 2 or self._num_cells < 2:
            return False
        rows = [[cell.strip() for cell in line.split(self._delimiter)] for line in lines]
        whole = [row if len(row) >= self._num_cells else None for row in rows]
        begins = [row and _is_like(row[0].removesuffix('"'), self._first) for row in whole]
        ends = [row and _is_like(row[-1].removeprefix('"'), self._last) for row in whole]
        known = self._known | {(place, cell) for place, cell in enumerate(cells) if cell}
        before = [self._fits(row[:at], 0, known) for row in rows]
        num_after = max(0, self._num_cells - at - 1)
        after = [self._fits(row[len(row) - num_after :], at + 1, known) for row in rows]
        is_line = [
            begins[place] and ends[place] and (before[place] or after[place])
            for place in range(1, len(rows) - 1)
        ]
        return any(is_line) or bool(ends[0] and begins[-1] and (after[0] or before[-1]))

    def _fits(self, cells: Sequence[str], at: int, known: Collection[tuple[int, str]]) -> bool:
        """Tell whether one of some neighbouring cells holds what its column holds elsewhere."""
        return any(
            (place, cell) in known or (cell and self._may_hold(self._columns[place], cell))
            for place, cell in enumerate(cells[: self._num_cells - at], at)
        )


def _is_like(cell: str, known: Collection[str]) -> bool:
    """Tell whether a cell could stand where the known ones do; if none is known, any could."""
    if not known:
        return True
    if all(map(_is_number, known)):
        return _is_number(cell)
    return not any(sign in cell and not any(sign in one for one in known) for sign in ' "')


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _without_empty_columns(
    columns: tuple[str, ...], rows: dict[int, tuple[str, ...]]
) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]]]:
    """Leave out columns at the right that have neither name nor content."""
    width = len(columns)
    while (
        width and not columns[width - 1] and not any("".join(r[width - 1 :]) for r in rows.values())
    ):
        width -= 1
    return columns[:width], {
        number: cells if any(cells[width:]) else cells[:width] for number, cells in rows.items()
    }


def _check_lengths(path: Path, columns: Sequence[str], rows: Mapping[int, Sequence[str]]) -> None:
    faults = [
        f"line {number} has too many cells: {len(cells)}, but {len(columns)} columns have a name"
        for number, cells in rows.items()
        if len(cells) > len(columns)
    ]
    if faults:
        raise CorpusError(
            f"CSV '{path}':\n" + "\n".join(f"  {fault}" for fault in faults) + "\n"
            "  Put a text that holds commas between two quotation marks."
        )
