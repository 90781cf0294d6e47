"""The table in the terminal: our columns with the published ones beside, or below if too wide."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from reports.blocks import MISSING, Block, PublishedBlock, Shown
from reports.table import Table

NAME_WIDTHS = (14, 30)
NUM_HEAD_LINES = 4
COLUMN_GAP = Text("  ")
BLOCK_GAP = Text("   ")
RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
STYLES = {"": "", "best": "bold", "second": "underline"}

Lines = list[Text]
"""Lines of text, all equally wide."""


class TableView:
    """What rich prints of a table: `console.print(TableView(table))`."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write caption, blocks and notes, as many blocks side by side as the width allows."""
        narrowest, widest = NAME_WIDTHS
        width = min(max(options.max_width // 5, narrowest), widest)
        names = [wrap(row.name, width, subsequent_indent="  ") or [""] for row in self.table.rows]
        blocks = [_draw_block(block) for block in self.table.blocks]
        yield Text(self.table.caption)
        for beside in _fit(blocks, options.max_width - _names_width(names)):
            yield Text()
            yield from _draw_side_by_side(names, beside)
        yield Text()
        for note in self.table.notes:
            yield Text(note, style="dim")


def _draw_block(block: Block) -> Lines:
    """Draw a block: title, origin, rule, the columns' headers, then a line for each row."""
    columns = [
        _draw_column(head, cells) for head, *cells in zip(block.headers, *block.shown, strict=True)
    ]
    body = [COLUMN_GAP.join(line) for line in zip(*columns, strict=True)]
    width = max(body[0].cell_len, cell_len(block.title), cell_len(block.origin))
    body = [_pad_left(line, width) for line in body]
    titles = [Text(block.title), Text(block.origin), Text(RULE * width)]
    for title in titles:
        title.align("center", width)
    if isinstance(block, PublishedBlock):
        for line in (*titles, *body):
            line.stylize("dim")
    return [*titles, *body]


def _draw_column(head: str, cells: Sequence[Shown]) -> Lines:
    """Draw a header and its cells: values, spreads and counts stand under each other."""
    parts = [_parts(cell) for cell in cells]
    value, spread, count = (max(map(cell_len, part)) for part in zip(*parts, strict=True))
    width = max(value + spread + count, cell_len(head))
    title = Text(head)
    title.align("center", width)
    lines = [title]
    for cell, (printed, *after) in zip(cells, parts, strict=True):
        style = "dim" if cell.value == MISSING else STYLES[cell.rank]
        number = Text("".join((printed, *after)), style=style, end="")
        line = Text(" " * (width - spread - count - cell_len(printed))).append_text(number)
        lines.append(line.append(" " * (width - line.cell_len)))
    return lines


def _parts(cell: Shown) -> tuple[str, str, str]:
    """Split what is shown into value, spread and count."""
    value, _, count = cell.text.partition(" (") if cell.count else (cell.text, "", "")
    mean, mark, spread = value.partition(" \N{PLUS-MINUS SIGN} ")
    return mean, f"{mark}{spread}", f" ({count}" if count else ""


def _pad_left(line: Text, width: int) -> Text:
    return Text(" " * (width - line.cell_len)).append_text(line)


def _fit(blocks: Iterable[Lines], width: int) -> Iterable[list[Lines]]:
    """Split the blocks into groups that fit side by side; one alone may be too wide."""
    group: list[Lines] = []
    used = 0
    for block in blocks:
        needed = BLOCK_GAP.cell_len + block[0].cell_len
        if group and used + needed > width:
            yield group
            group, used = [], 0
        group.append(block)
        used += needed
    yield group


def _draw_side_by_side(names: Sequence[Sequence[str]], blocks: Sequence[Lines]) -> Iterable[Text]:
    width = _names_width(names)
    lines = [BLOCK_GAP.join([Text(" " * width), *line]) for line in zip(*blocks, strict=True)]
    rule = Text(RULE * lines[0].cell_len)
    yield from lines[:NUM_HEAD_LINES]
    yield rule
    for (first, *more), line in zip(names, lines[NUM_HEAD_LINES:], strict=True):
        yield Text(first.ljust(width)).append_text(line[width:])
        yield from map(Text, more)
    yield rule


def _names_width(names: Iterable[Iterable[str]]) -> int:
    return max(cell_len(line) for lines in names for line in lines)
