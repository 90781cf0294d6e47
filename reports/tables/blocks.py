"""The blocks of columns of a table: our scores, published values, and differences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from reports.scores.cells import Cell
from reports.scores.names import corpus_title
from reports.tables.differences import Difference
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Column
from search_spaces.terms import MetricName, Scale

Rank = Literal["", "best", "second"]

MISSING = "\N{EN DASH}"
NOT_COMPARED = "none"
TIED = "\N{ALMOST EQUAL TO}"
DISTINCT = "\N{ASTERISK}"


@dataclass(frozen=True)
class Unit:
    """How a fraction is printed: in the unit and with the decimals of the published table.

    Scores by a metric that is no fraction, such as MAE, are printed as they are, with decimals of
    their own: see `of`.
    """

    name: Literal["percent", "fraction"] = "percent"
    decimals: int = 1
    plain_decimals: int = 3

    def of(self, metric: MetricName) -> "Unit":
        """Return the unit of the scores by a metric."""
        is_plain = find_metric(metric).unit == "plain"
        return Unit("fraction", self.plain_decimals) if is_plain else self

    @property
    def factor(self) -> int:
        """The factor from a fraction to this unit."""
        return 100 if self.name == "percent" else 1

    def show(self, fraction: float) -> str:
        """Print a fraction in this unit."""
        return f"{fraction * self.factor:.{self.decimals}f}"

    def show_signed(self, fraction: float) -> str:
        """Print a difference in this unit with its sign; if it rounds to 0, without a sign."""
        shown = f"{fraction * self.factor:+.{self.decimals}f}"
        return shown[1:] if float(shown) == 0 else shown

    def read(self, text: str) -> float:
        """Turn a printed value into a fraction."""
        return float(text) / self.factor


@dataclass(frozen=True)
class Shown:
    """The texts that every form prints for a cell; an empty `value` leaves the cell empty."""

    value: str
    spread: str = ""
    count: str = ""
    rank: Rank = ""
    mark: str = ""

    @property
    def text(self) -> str:
        """The cell in one line, as in `61.20 ± 1.10 (3/5)`."""
        spread = f" ± {self.spread}" if self.spread else ""
        return f"{self.value}{spread}{self.after}"

    @property
    def after(self) -> str:
        """The text behind the number: the mark, and n of N."""
        return f"{self.mark}{f' ({self.count})' if self.count else ''}"


@dataclass(frozen=True)
class PublishedCell:
    """A value as printed; `reference` is its table, row and column."""

    reference: str
    text: str
    bold: bool


@dataclass(frozen=True)
class OursBlock:
    """Our columns for one corpus.

    `cells` are in the order of the rows, then of the columns. `ties` has the same shape: it says
    whether a test cannot distinguish a cell from the best of its column; None if there is no test.
    `floors` holds the scores of both floors, by floor, then by column; None where one is undefined.
    It is empty if they have not been made.
    """

    corpus: str
    scale: Scale | None
    columns: tuple[Column, ...]
    cells: tuple[tuple[Cell, ...], ...]
    ties: tuple[tuple[bool | None, ...], ...]
    unit: Unit
    floors: tuple[tuple[float | None, ...], ...] = ()

    @property
    def origin(self) -> str:
        """The source of the numbers, as the header says it."""
        return origin_of(self.scale)

    @cached_property
    def shown(self) -> tuple[tuple[Shown, ...], ...]:
        """What is printed: by row, then by column."""
        columns = zip(
            self.columns, zip(*self.cells, strict=True), zip(*self.ties, strict=True), strict=True
        )
        return tuple(zip(*(_show_column(*column, self.unit) for column in columns), strict=True))


@dataclass(frozen=True)
class PublishedBlock:
    """The published values for one corpus, in the paper's unit; None for rows not printed.

    `is_beside_ours` says whether our scores on the same corpus stand to the left of it.
    """

    corpus: str
    columns: tuple[Column, ...]
    cells: tuple[tuple[PublishedCell | None, ...], ...]
    unit: str
    origin: str = "published"
    is_beside_ours: bool = True

    def unit_of(self, column: Column) -> str:
        """Return the unit of a column: that of the table, or its own."""
        is_plain = find_metric(column.metric).unit == "plain"
        return "fraction" if is_plain else self.unit

    @cached_property
    def shown(self) -> tuple[tuple[Shown, ...], ...]:
        """What is printed: by row, then by column."""
        return tuple(
            tuple(
                Shown(cell.text, rank="best" if cell.bold else "") if cell else Shown("")
                for cell in row
            )
            for row in self.cells
        )


@dataclass(frozen=True)
class DifferenceBlock:
    """Our columns for one corpus as differences; `origin` names what is subtracted.

    If a row has no difference, `nothing` is printed.
    """

    corpus: str
    scale: Scale | None
    columns: tuple[Column, ...]
    cells: tuple[tuple[Difference | None, ...], ...]
    unit: Unit
    origin: str
    nothing: str = ""

    @cached_property
    def shown(self) -> tuple[tuple[Shown, ...], ...]:
        """What is printed: by row, then by column."""
        return tuple(
            tuple(
                Shown(self.nothing)
                if cell is None
                else _show_difference(cell, self.unit.of(column.metric))
                for column, cell in zip(self.columns, row, strict=True)
            )
            for row in self.cells
        )


Block = OursBlock | PublishedBlock | DifferenceBlock


def origin_of(scale: Scale | None) -> str:
    """Say whose scores they are: ours at a scale, or given by others."""
    return "given" if scale is None else f"ours, {scale} scale"


def show_floors(block: Block, num_floors: int) -> tuple[tuple[Shown, ...], ...]:
    """Return what is printed for the floors of a table: by floor, then by column.

    They have no spread and no rank. Blocks without floors have empty cells.
    """
    if not isinstance(block, OursBlock) or not block.floors:
        return ((Shown(""),) * len(block.columns),) * num_floors
    return tuple(
        tuple(
            Shown("" if score is None else block.unit.of(column.metric).show(score))
            for column, score in zip(block.columns, floor, strict=True)
        )
        for floor in block.floors
    )


def block_title(block: Block) -> str:
    """Name the corpus that a block's columns are about."""
    return corpus_title(block.corpus)


def header(block: Block) -> str:
    """Name a block in one line, as in `IEMOCAP (published)`."""
    return f"{block_title(block)} ({block.origin})"


def lower_is_better(columns: Iterable[Column]) -> list[str]:
    """List the titles of the columns in which a lower score is better."""
    return [column.title for column in columns if find_metric(column.metric).sign < 0]


def _show_column(
    column: Column, cells: Sequence[Cell], ties: Sequence[bool | None], unit: Unit
) -> list[Shown]:
    unit = unit.of(column.metric)
    ranks = _rank(
        [unit.show(c.mean) for c in cells if c.mean is not None and _is_ranked(c)],
        find_metric(column.metric).sign,
    )
    return [_show(cell, tie, unit, ranks) for cell, tie in zip(cells, ties, strict=True)]


def _show(cell: Cell, tie: bool | None, unit: Unit, ranks: Mapping[str, Rank]) -> Shown:
    if cell.mean is None:
        return Shown(MISSING)
    value = unit.show(cell.mean)
    rank = ranks.get(value, "") if _is_ranked(cell) else ""
    return Shown(
        value=value,
        spread="" if cell.std is None else unit.show(cell.std),
        count="" if cell.complete else f"{cell.num_scores}/{cell.num_planned}",
        rank=rank,
        mark=TIED if tie and rank != "best" else "",
    )


def _is_ranked(cell: Cell) -> bool:
    return cell.complete and not cell.why_void


def _show_difference(difference: Difference, unit: Unit) -> Shown:
    if difference.why_void:
        return Shown(NOT_COMPARED)
    if difference.mean is None:
        return Shown(MISSING)
    complete = difference.num_values == difference.num_planned
    return Shown(
        value=unit.show_signed(difference.mean),
        spread="" if difference.std is None else unit.show(difference.std),
        count="" if complete else f"{difference.num_values}/{difference.num_planned}",
        mark=DISTINCT if difference.distinct else "",
    )


def _rank(values: Sequence[str], sign: int) -> dict[str, Rank]:
    """Rank printed values by their gain, which is sign * value; equal values share a rank.

    A single value has no best, and two different values have no second.
    """
    ordered = sorted(set(values), key=lambda value: sign * float(value), reverse=True)
    if len(ordered) < 2:
        return {}
    ranks: dict[str, Rank] = {ordered[0]: "best"}
    if len(ordered) > 2:
        ranks[ordered[1]] = "second"
    return ranks
