"""A first version of a file of printed values, from one table; what is unsure is marked."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import yaml

from search_spaces.printed.grid import Cell, Grid
from search_spaces.printed.numbers import NOT_PRINTED

CHECK = "# check: "
"""The mark of what could not be read, or was guessed."""

VALUE = re.compile(r"[-+]?\d{0,30}\.?\d{1,30}", re.ASCII)
EMPTY = ("", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "n/a", "na")


class Draft(NamedTuple):
    """The text of the file, and how much is in it."""

    text: str
    num_rows: int
    num_columns: int
    num_marks: int


class _Value(NamedTuple):
    text: str
    is_sure: bool


def draft(grid: Grid, name: str, source: str) -> Draft:
    """Write a table in the form that `read_published` reads.

    Columns in which no cell begins with a number name the rows, together.

    Args:
        grid: The table.
        name: What the table is called in references.
        source: The name of the file that it was read from.
    """
    is_number = [_is_of_numbers(column) for column in zip(*grid.body, strict=True)]
    columns = [
        _header(cells)
        for cells, is_one in zip(zip(*grid.header, strict=True), is_number, strict=True)
        if is_one
    ]
    rows = [_Row.of(line, is_number) for line in grid.body]
    ids = _different(_slug(row.name) for row in rows)
    lines = [
        f"# Made from {source}. Look at every line that says 'check'.",
        "schema: 1",
        "tables:",
        f"  {_slug(name)}:",
        f"    paper: mine  {CHECK}a short name of the paper",
        f"    label: Table 1  {CHECK}its number in the paper",
        f"    dataset: ''  {CHECK}the corpus; without one, columns are Corpus.Metric",
        f"    unit: {_guess_unit(rows)}  {CHECK}guessed; percent, fraction or count",
        *_columns(columns),
        *_lower_is_better(grid, is_number),
        "    rows:",
        *(row.line(row_id, columns) for row_id, row in zip(ids, rows, strict=True)),
    ]
    text = "\n".join(lines) + "\n"
    return Draft(text, len(rows), len(columns), text.count(CHECK))


class _Row(NamedTuple):
    name: str
    values: tuple[_Value, ...]
    bold: tuple[int, ...]
    unread: tuple[str, ...]

    @classmethod
    def of(cls, line: Sequence[Cell], is_number: Sequence[bool]) -> "_Row":
        named = [cell.text for cell, is_one in zip(line, is_number, strict=True) if not is_one]
        cells = [cell for cell, is_one in zip(line, is_number, strict=True) if is_one]
        values = tuple(_read(cell.text) for cell in cells)
        return cls(
            name=" ".join(filter(None, named)),
            values=values,
            bold=tuple(place for place, cell in enumerate(cells) if cell.is_bold),
            unread=tuple(cell.text for cell in cells),
        )

    def line(self, row_id: str, columns: Sequence[str]) -> str:
        """Write the row; after it, what could not be read or was left out."""
        content = {
            "id": row_id,
            "name": self.name,
            "v": [one.text for one in self.values],
            **({"bold": list(self.bold)} if self.bold else {}),
        }
        unsure = [
            f"{column} says '{text}'"
            for column, text, value in zip(columns, self.unread, self.values, strict=True)
            if not value.is_sure
        ]
        mark = f"  {CHECK}{'; '.join(unsure)}" if unsure else ""
        return f"    - {_flow(content)}{mark}"


def _read(text: str) -> _Value:
    """Read the number that a cell begins with; a spread or a sign after it is left out."""
    found = VALUE.match(text)
    if found is None:
        return _Value(NOT_PRINTED, text.lower() in EMPTY)
    number = found[0] if found[0][0] != "." else f"0{found[0]}"
    return _Value(number, text.removesuffix("%").strip() == found[0])


def _is_of_numbers(column: Iterable[Cell]) -> bool:
    return any(VALUE.match(cell.text) for cell in column)


def _header(cells: Iterable[Cell]) -> str:
    """Join the headers of a column with dots: `Happy` above `F1` is `Happy.F1`."""
    words = [word for cell in cells for word in cell.text.replace("/", " ").split()]
    return ".".join(word.strip("().,%↑↓") for word in words if word.strip("().,%↑↓"))


def _columns(columns: Sequence[str]) -> Iterable[str]:
    names = _different(column or "unnamed" for column in columns)
    wrong = [name for name in names if name.count(".") != 1]
    mark = f"  {CHECK}{', '.join(wrong)}: write Emotion.Metric or Corpus.Metric" if wrong else ""
    yield f"    columns: {_flow(names)}{mark}"


def _lower_is_better(grid: Grid, is_number: Sequence[bool]) -> Iterable[str]:
    """Write the metrics whose headers have an arrow down."""
    headers = zip(zip(*grid.header, strict=True), is_number, strict=True)
    named = [
        _header(cells).rpartition(".")[2]
        for cells, is_one in headers
        if is_one and any("\N{DOWNWARDS ARROW}" in cell.text for cell in cells)
    ]
    if named:
        yield f"    lower_is_better: {_flow(list(dict.fromkeys(named)))}  {CHECK}by the arrow down"


def _guess_unit(rows: Sequence[_Row]) -> str:
    numbers = [abs(float(v.text)) for r in rows for v in r.values if v.text != NOT_PRINTED]
    highest = max(numbers, default=0.0)
    return "fraction" if highest <= 1 else "percent" if highest <= 100 else "count"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "row"


def _different(names: Iterable[str]) -> list[str]:
    """Number the names that stand there before."""
    found: list[str] = []
    for name in names:
        count = sum(one == name or one.startswith(f"{name}_") for one in found)
        found.append(f"{name}_{count + 1}" if name in found else name)
    return found


def _flow(content: object) -> str:
    text: str = yaml.safe_dump(
        content, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text.strip()
