"""What a table is built of: cells of ours and published ones, in blocks of columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from corpora.utterance import SYNTHETIC
from reports.cells import Cell
from search_spaces.study import Column, Scale

Rank = Literal["", "best", "second"]

MISSING = "\N{EN DASH}"
CORPUS_TITLES = {"iemocap": "IEMOCAP", "mosei": "CMU-MOSEI", SYNTHETIC: "Synthetic corpus"}


@dataclass(frozen=True)
class Unit:
    """How a fraction is printed: in the unit and with the decimals of the published table."""

    name: Literal["percent", "fraction"] = "percent"
    decimals: int = 1

    def show(self, fraction: float) -> str:
        """Print a fraction in this unit."""
        return f"{fraction * (100 if self.name == 'percent' else 1):.{self.decimals}f}"


@dataclass(frozen=True)
class Shown:
    """What every form prints of a cell; `value` is empty where nothing belongs."""

    value: str
    spread: str = ""
    count: str = ""
    rank: Rank = ""

    @property
    def text(self) -> str:
        """The cell in one line, as in `61.20 ± 1.10 (3/5)`."""
        spread = f" ± {self.spread}" if self.spread else ""
        count = f" ({self.count})" if self.count else ""
        return f"{self.value}{spread}{count}"


@dataclass(frozen=True)
class PublishedCell:
    """A value as printed; `reference` is its table, row and column."""

    reference: str
    text: str
    bold: bool


@dataclass(frozen=True)
class OursBlock:
    """Our columns for one corpus; `cells` follow the rows, then the columns."""

    corpus: str
    scale: Scale
    columns: tuple[Column, ...]
    cells: tuple[tuple[Cell, ...], ...]
    unit: Unit

    @property
    def title(self) -> str:
        """What the columns are about."""
        return corpus_title(self.corpus)

    @property
    def origin(self) -> str:
        """Whose numbers they are."""
        return f"ours, {self.scale} scale"

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns' headers."""
        return tuple(column.header for column in self.columns)

    @property
    def shown(self) -> tuple[tuple[Shown, ...], ...]:
        """What is printed: by row, then by column."""
        columns = [_show_column(column, self.unit) for column in zip(*self.cells, strict=True)]
        return tuple(zip(*columns, strict=True))


@dataclass(frozen=True)
class PublishedBlock:
    """Published columns of one group, in the paper's unit; a row that was not printed has None."""

    title: str
    unit: str
    headers: tuple[str, ...]
    cells: tuple[tuple[PublishedCell | None, ...], ...]
    origin: str = "published"

    @property
    def shown(self) -> tuple[tuple[Shown, ...], ...]:
        """What is printed: by row, then by column."""
        return tuple(
            tuple(
                Shown(cell.text, rank="best" if cell.bold else "") if cell else Shown("")
                for cell in row
            )
            for row in self.cells
        )


Block = OursBlock | PublishedBlock


def header(block: Block) -> str:
    """Name a block in one line, as in `IEMOCAP (published)`."""
    return f"{block.title} ({block.origin})"


def corpus_title(corpus: str) -> str:
    """Name a corpus as papers do."""
    return CORPUS_TITLES.get(corpus.lower(), corpus)


def _show_column(cells: Sequence[Cell], unit: Unit) -> list[Shown]:
    complete = [unit.show(c.mean) for c in cells if c.complete and c.mean is not None]
    ranks = _rank(complete)
    return [_show(cell, unit, ranks) for cell in cells]


def _show(cell: Cell, unit: Unit, ranks: Mapping[str, Rank]) -> Shown:
    if cell.mean is None:
        return Shown(MISSING)
    value = unit.show(cell.mean)
    return Shown(
        value=value,
        spread="" if cell.std is None else unit.show(cell.std),
        count="" if cell.complete else f"{cell.num_scores}/{cell.num_planned}",
        rank=ranks.get(value, "") if cell.complete else "",
    )


def _rank(values: Sequence[str]) -> dict[str, Rank]:
    """Rank printed values, equals alike; where all are equal none is best."""
    ordered = sorted(set(values), key=float, reverse=True)
    if len(ordered) < 2:
        return {}
    return {ordered[0]: "best", ordered[1]: "second"}
