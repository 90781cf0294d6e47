"""The table as HTML: a fragment for any page, and a small page around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from reports.scores.cells import Cell
from reports.tables.blocks import (
    DISTINCT,
    TIED,
    Block,
    DifferenceBlock,
    OursBlock,
    PublishedBlock,
    Shown,
    Unit,
    lower_is_better,
)
from reports.tables.differences import Difference
from reports.tables.panels import BlockView, view
from reports.tables.table import Table

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"

STYLE = files("reports.forms").joinpath(TEMPLATES, "table.css").read_text(encoding="utf-8")
"""CSS of all fragments, for a page that holds several."""

MAIN = '<main class="sheet">\n'
"""The tag before the fragment of a page."""

MARKS = {
    TIED: "not told from the highest mean of the column",
    DISTINCT: "a difference beyond what seeds explain; see the notes",
}


@dataclass(frozen=True)
class HeadCell:
    """A header that spans `width` columns and `height` lines; the corner cell has no scope."""

    text: str
    scope: str = ""
    origin: str = ""
    width: int = 1
    height: int = 1
    classes: str = ""


@dataclass(frozen=True)
class BodyCell:
    """A number, and the details that its tooltip shows."""

    shown: Shown
    about: str
    classes: str

    @property
    def number(self) -> str:
        """The value with its spread."""
        return self.shown.value + (f" ± {self.shown.spread}" if self.shown.spread else "")


def to_html(table: Table, label: str = "") -> str:
    """Write the table as a fragment; `STYLE` defines its classes.

    Args:
        table: The table.
        label: Names the box in which it scrolls, on a page with several tables of one title.
    """
    views = [view(block, len(table.floors)) for block in table.blocks]
    cells = [_body(block, one) for block, one in zip(table.blocks, views, strict=True)]
    lines = [[cell for line in row for cell in line] for row in zip(*cells, strict=True)]
    body = [(*head, line) for head, line in zip(table.heads, lines, strict=True)]
    rows, floors = body[: len(table.rows)], body[len(table.rows) :]
    return render(
        "table.html.j2",
        table=table,
        label=label or table.title,
        head=_head(views),
        bodies=[rows, floors] if floors else [rows],
        marks=MARKS | _marks_of(table),
    )


def _marks_of(table: Table) -> dict[str, str]:
    """Say what differs from `MARKS` in a table with columns in which lower is better."""
    is_lower = any(
        lower_is_better(block.columns)
        for block in table.blocks
        if not isinstance(block, PublishedBlock)
    )
    return {TIED: "not told from the best mean of the column"} if is_lower else {}


def to_page(table: Table) -> str:
    """Write the table as a page of its own; the page loads no other files."""
    return wrap(table.title, to_html(table))


def wrap(title: str, fragment: str) -> str:
    """Put an HTML fragment into a page."""
    from markupsafe import Markup

    return render("page.html.j2", title=title, fragment=Markup(fragment))


def join_pages(title: str, pages: Iterable[str]) -> str:
    """Put the fragments of several pages into one page, below each other."""
    fragments = [page.partition(MAIN)[2].rpartition("</main>")[0] for page in pages]
    return wrap(title, "".join(fragments))


def render(template: str, **given: object) -> str:
    """Fill in a template of this package; text is escaped."""
    return _environment().get_template(template).render(given)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # it takes a while to load

    return Environment(
        loader=PackageLoader("reports.forms", TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def _head(views: Sequence[BlockView]) -> list[list[HeadCell]]:
    """Write the head: titles, then groups if there are any, then the headers of the columns."""
    has_groups = any(any(one.groups) for one in views)
    titles = [HeadCell("", height=3 if has_groups else 2)]
    groups: list[HeadCell] = []
    heads: list[HeadCell] = []
    for one in views:
        width = len(one.headers)
        titles.append(HeadCell(one.title, "colgroup", one.origin, width, classes=_classes(one, 0)))
        place = 0
        for group, width in one.spans:
            if group:
                classes = _classes(one, place)
                groups.append(HeadCell(group, "colgroup", width=width, classes=classes))
            for header in one.headers[place : place + width]:
                height = 2 if has_groups and not group else 1
                cell = HeadCell(header, "col", height=height, classes=_classes(one, place))
                (heads if height == 1 else groups).append(cell)
                place += 1
    return [titles, groups, heads] if has_groups else [titles, heads]


def _body(block: Block, one: BlockView) -> list[list[BodyCell]]:
    """Write a block's cells, by row, then by column; floors come last and have no details."""
    lines = list(zip(*one.columns, strict=True))
    details = _about(block)
    details += [[""] * len(one.headers)] * (len(lines) - len(details))
    return [
        [
            BodyCell(cell, about, _classes(one, number))
            for number, (cell, about) in enumerate(zip(row, told, strict=True))
        ]
        for row, told in zip(lines, details, strict=True)
    ]


def _classes(one: BlockView, place: int) -> str:
    """Return the classes that mark the first column of a block, and published values."""
    return " ".join(["first"] * (place == 0) + ["published"] * one.is_published)


def _about(block: Block) -> list[list[str]]:
    """Return the details of each cell, by row, then by column."""
    match block:
        case OursBlock(cells=ours, unit=unit):
            return [[_about_ours(cell, unit.of(cell.metric)) for cell in row] for row in ours]
        case DifferenceBlock(cells=differences, unit=unit):
            units = [unit.of(column.metric) for column in block.columns]
            return [
                [
                    _about_difference(one, of_column) if one else ""
                    for one, of_column in zip(row, units, strict=True)
                ]
                for row in differences
            ]
        case PublishedBlock(cells=printed):
            return [[cell.reference if cell else "" for cell in row] for row in printed]


def _about_ours(cell: Cell, unit: Unit) -> str:
    told = f"n = {cell.num_scores} of {cell.num_planned}"
    if cell.why_void:
        told += f"; not compared: {cell.why_void}"
    if cell.interval is None:
        return told
    low, high = map(unit.show, cell.interval)
    return f"{told}; 95 % t interval {low} to {high}"


def _about_difference(difference: Difference, unit: Unit) -> str:
    if difference.why_void:
        return f"minus {difference.to}: not compared, {difference.why_void}"
    told = f"minus {difference.to}; n = {difference.num_values} of {difference.num_planned}"
    if difference.interval is not None:
        low, high = map(unit.show_signed, difference.interval)
        told += f"; 95 % t interval {low} to {high}"
    if difference.best_of is not None:
        told += f"; the published value is expected from the best of {difference.best_of}"
    return told
