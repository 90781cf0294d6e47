"""The table in the terminal: what fits, and in few words what its files say at length."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from reports.tables.blocks import (
    MISSING,
    Block,
    OursBlock,
    PublishedBlock,
    Shown,
    block_title,
)
from reports.tables.panels import BlockView, Panel, split_into_panels, view
from reports.tables.table import Table
from reports.verdicts.here import enumerate_words

NARROWEST_NAMES, WIDEST_NAMES = 14, 40
NAMES_SHARE = 5
NUM_TITLE_LINES = 3
GAP = 2
COLUMN_GAP = Text(" " * GAP)
BLOCK_GAP = Text("   ")
RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
STYLES = {"": "", "best": "bold", "second": "underline"}

Lines = list[Text]
"""Lines of text, all of the same width."""


class TableView:
    """A table for rich: `console.print(TableView(table))`.

    Published columns are beside ours; if there is no room, those of our corpus are below, and those
    of other corpora are left to the files.
    """

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write caption, blocks and notes; put as many blocks side by side as the width allows."""
        blocks = self._choose_blocks(options.max_width)
        names = self._wrap_names(blocks, options.max_width)
        # The caption says what a single block of our scores is.
        num_left_out = NUM_TITLE_LINES if list(map(type, blocks)) == [OursBlock] else 0
        yield Text(self.table.brief.caption)
        for panel in self._split(blocks, options.max_width - _names_width(names)):
            yield Text()
            yield from _draw_side_by_side(names, panel, len(self.table.rows), num_left_out)
        yield from self._explain()
        left_out = [one for one in self.table.blocks if one not in blocks]
        if left_out:
            told = enumerate_words(dict.fromkeys(map(block_title, left_out)))
            yield Text(f"Published values on {told}: in the files, or in a wider terminal.")

    def _explain(self) -> Iterable[Text]:
        """Write footnotes and the legend as a paragraph each, then what limits the numbers."""
        brief = self.table.brief
        footnotes = [f"[{letter}] {text}" for letter, text in brief.footnotes.items()]
        paragraphs = ["; ".join(texts) for texts in (footnotes, brief.legend) if texts]
        for text in (*(f"{paragraph}." for paragraph in paragraphs), *brief.notes):
            yield Text(text, style="dim")

    def _choose_blocks(self, width: int) -> Sequence[Block]:
        """Leave out the published values of other corpora if they do not fit beside ours."""
        panels = self._split(self.table.blocks, width - min(width // NAMES_SHARE, WIDEST_NAMES))
        return [
            block
            for block in self.table.blocks
            if len(panels) == 1 or not isinstance(block, PublishedBlock) or block.is_beside_ours
        ]

    def _wrap_names(self, blocks: Sequence[Block], width: int) -> list[list[str]]:
        """Give the names a fifth of the width, or more of it if the scores leave more."""
        left = width - _width([view(block) for block in blocks])
        room = min(max(width // NAMES_SHARE, NARROWEST_NAMES, left), WIDEST_NAMES)
        heads = [f"{name} [{mark}]" if mark else name for name, mark in self.table.heads]
        return [wrap(head, room, subsequent_indent="  ") or [""] for head in heads]

    def _split(self, blocks: Sequence[Block], room: int) -> list[Panel]:
        return split_into_panels(
            blocks, lambda panel: _width(panel) <= room, len(self.table.floors)
        )


def _width(panel: Panel) -> int:
    return sum(BLOCK_GAP.cell_len + _draw_block(one)[0].cell_len for one in panel)


def _draw_block(block: BlockView) -> Lines:
    """Draw a block: title, origin, rule, the headers of the columns, then rows and floors."""
    columns = [_draw_column(*column) for column in zip(block.headers, block.columns, strict=True)]
    body = _join(columns)
    if any(block.groups):
        columns = _widen(block, columns)
        body = [_draw_groups(block, columns), *_join(columns)]
    width = max(body[0].cell_len, cell_len(block.title), cell_len(block.origin))
    body = [_pad_left(line, width) for line in body]
    titles = [Text(block.title), Text(block.origin), Text(RULE * width)]
    for title in titles:
        title.align("center", width)
    if block.is_published:
        for line in (*titles, *body):
            line.stylize("dim")
    return [*titles, *body]


def _join(columns: Sequence[Lines]) -> Lines:
    return [COLUMN_GAP.join(line) for line in zip(*columns, strict=True)]


def _widen(block: BlockView, columns: Sequence[Lines]) -> list[Lines]:
    """Pad the first column of each group whose name is wider than its columns."""
    widened, place = list(columns), 0
    for group, number in block.spans:
        width = _span_width(widened[place : place + number])
        first = widened[place]
        needed = first[0].cell_len + max(cell_len(group) - width, 0)
        widened[place] = [_pad_left(line, needed) for line in first]
        place += number
    return widened


def _span_width(columns: Sequence[Lines]) -> int:
    return sum(column[0].cell_len for column in columns) + GAP * (len(columns) - 1)


def _draw_groups(block: BlockView, columns: Sequence[Lines]) -> Text:
    """Write each group over its columns."""
    widths = iter(column[0].cell_len for column in columns)
    spans = []
    for group, number in block.spans:
        title = Text(group)
        title.align("center", sum(next(widths) for _ in range(number)) + GAP * (number - 1))
        spans.append(title)
    return COLUMN_GAP.join(spans)


def _draw_column(head: str, cells: Sequence[Shown]) -> Lines:
    """Draw a header and its cells; align values, spreads and counts."""
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
    """Split a cell into value, spread and the text behind them."""
    return cell.value, f" \N{PLUS-MINUS SIGN} {cell.spread}" if cell.spread else "", cell.after


def _pad_left(line: Text, width: int) -> Text:
    return Text(" " * (width - line.cell_len)).append_text(line)


def _draw_side_by_side(
    names: Sequence[Sequence[str]], panel: Panel, num_rows: int, num_left_out: int
) -> Iterable[Text]:
    """Draw blocks under one head, without its first lines; a rule is between rows and floors."""
    width = _names_width(names)
    names = names[: len(panel[0].columns[0])]
    blocks = [_draw_block(one)[num_left_out:] for one in panel]
    num_head_lines = max(map(len, blocks)) - len(names)
    blocks = [_with_head_lines(block, num_head_lines + len(names)) for block in blocks]
    lines = [BLOCK_GAP.join([Text(" " * width), *line]) for line in zip(*blocks, strict=True)]
    rule = Text(RULE * lines[0].cell_len)
    yield from lines[:num_head_lines]
    yield rule
    for number, ((first, *more), line) in enumerate(
        zip(names, lines[num_head_lines:], strict=True)
    ):
        if number == num_rows:
            yield rule
        yield Text(first.ljust(width)).append_text(line[width:])
        yield from map(Text, more)
    yield rule


def _with_head_lines(block: Lines, num_lines: int) -> Lines:
    """Pad the head of a block without groups to the height of its neighbours' heads."""
    empty = Text(" " * block[0].cell_len)
    return [
        *block[:NUM_TITLE_LINES],
        *([empty] * (num_lines - len(block))),
        *block[NUM_TITLE_LINES:],
    ]


def _names_width(names: Iterable[Iterable[str]]) -> int:
    return max(cell_len(line) for lines in names for line in lines)
