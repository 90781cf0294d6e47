"""How the terminal shows a comparison."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from reports.diff.compare import ComparedCell, ComparedRow, Comparison
from reports.scores.cells import Cell
from reports.scores.names import name_corpus
from reports.tables.blocks import MISSING, Unit
from search_spaces.study import Column


class ComparisonView:
    """A comparison for rich: `console.print(ComparisonView(comparison))`."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write a grid for each column, then in what configs and circumstances differ."""
        one = self.comparison
        yield Text(f"A: {one.a}\nB: {one.b}\non {name_corpus(one.corpus)}, scale {one.scale}")
        for place, column in enumerate(one.columns):
            yield Text(f"\n{_title(column)} on test:")
            yield self._grid(place)
        yield from map(Text, self._lines())

    def _grid(self, place: int) -> Grid:
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="")
        grid.add_column("", overflow="fold")
        for header in ("A", "B", "B - A", "95 % interval"):
            grid.add_column(header, no_wrap=True)
        grid.add_column("n")
        for row in self.comparison.rows:
            cell = row.cells[place]
            unit = Unit().of(cell.column.metric)
            grid.add_row(
                f"  {row.name}",
                *(_mean(one, cell.difference.num_values, unit) for one in (cell.a, cell.b)),
                *_describe(cell, unit),
            )
        return grid

    def _lines(self) -> Iterator[str]:
        one = self.comparison
        yield (
            "\nMeans ± standard deviation over seeds, (n) if other than that of the difference. "
            "Differences are paired by seed and fold; each interval is of that difference alone."
        )
        if not one.is_same_corpus:
            yield "A and B read other preparations of the corpus."
        for letter, rows in (("A", one.only_a), ("B", one.only_b)):
            if rows:
                yield f"Only {letter} has: {', '.join(rows)}"
        yield from self._changes()
        if one.mixed:
            yield "\nTheir trials differ in:"
        for fact in one.mixed:
            yield f"  {fact.name}: {_listed(fact.a)}; B: {_listed(fact.b)}"

    def _changes(self) -> Iterator[str]:
        """List the fields that differ, once for all rows in which they differ alike."""
        rows_of: dict[str, list[str]] = {}
        for row in self.comparison.rows:
            for one in row.changed:
                rows_of.setdefault(f"{one.field}: {one.a}; B: {one.b}", []).append(row.name)
        if not rows_of:
            yield "Rows of one name have equal configs."
            return
        yield "\nConfigs differ in:"
        for change, rows in rows_of.items():
            yield f"  {_name_rows(rows, self.comparison.rows)}: {change}"


def _name_rows(names: list[str], every: tuple[ComparedRow, ...]) -> str:
    return "all rows" if len(names) == len(every) > 1 else ", ".join(f"'{one}'" for one in names)


def _title(column: Column) -> str:
    return f"{column.title} ({column.emotion})" if column.emotion else column.title


def _mean(cell: Cell, num_pairs: int, unit: Unit) -> str:
    """Write mean and spread, with their n if it is not that of the difference."""
    if cell.mean is None:
        return MISSING
    spread = "" if cell.std is None else f" ± {unit.show(cell.std)}"
    count = "" if cell.num_scores == num_pairs else f" ({cell.num_scores})"
    return f"{unit.show(cell.mean)}{spread}{count}"


def _describe(cell: ComparedCell, unit: Unit) -> tuple[str, str, str]:
    """Write a difference, its interval and its n."""
    one = cell.difference
    if one.why_void:
        return "none", one.why_void, ""
    if one.mean is None:
        return MISSING, "no seed in common", ""
    if cell.num_shared == one.num_values:
        return unit.show_signed(one.mean), "the same trials", str(one.num_values)
    interval = ""
    if one.interval is not None:
        low, high = map(unit.show_signed, one.interval)
        interval = f"{low} to {high}"
    return unit.show_signed(one.mean), interval, str(one.num_values)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values) or MISSING
