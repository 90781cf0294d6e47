r"""The table as LaTeX for an article that loads booktabs and siunitx, and nothing else of ours.

It is a plain twin of `reports.forms.latex`: nothing is turned or shrunk, so what is too wide for
the text is stacked. A table that fits one of two columns is a `table`, any other a `table*`, which
in an article of one column is the same.
"""

from collections.abc import Sequence
from math import ceil
from textwrap import wrap

from reports.forms.article.widths import COLUMN_EM, SIZES, TEXT_EM, UPPER, width_of
from reports.forms.latex import (
    SETUP,
    WRAPPED_NAMES,
    Layout,
    describe_column,
    write_body,
    write_caption,
    write_head,
)
from reports.forms.latex_text import escape, one_line
from reports.tables.panels import BlockView, Panel, split_into_panels, view
from reports.tables.table import Table

PREAMBLE = (r"\usepackage{booktabs}", r"\usepackage{siunitx} % 3.1 or later")

WIDEST_NAME_EM, LEAST_ORIGIN_EM, GAP_EM = 13.0, 14.0, 0.8
"""Longer names are wrapped, and origins with less room than that; the space between two columns."""

LINES_PER_PAGE, CHARACTERS_PER_LINE, PANEL_HEAD_LINES = 44, 80, 6
"""What a page has room for in the smallest type, and the lines of a panel's head on it."""

NEW_LINE = r" \\ "
BOTH_COLUMNS = "% It takes the width of both columns."
TOO_WIDE = "% It is wider than a page: take the other form, which turns and shrinks it."


def to_latex(table: Table) -> str:
    """Write the table as a fragment; its first lines name the packages that it needs."""
    layout, panels = _arrange(table)
    remarks = [BOTH_COLUMNS] * (layout.environment == "table*")
    if any(_width(table, panel) > TEXT_EM[layout.size] for panel in panels):
        remarks.append(TOO_WIDE)
    lines = [f"% {one_line(table.title)}", *(f"% {package}" for package in PREAMBLE), *remarks]
    pages = _split_into_pages(table, panels)
    for number, page in enumerate(pages):
        notes = _notes(table) if number == len(pages) - 1 else []
        lines += _float(table, page, layout, write_caption(table, number), notes)
    return "\n".join(lines) + "\n"


def _arrange(table: Table) -> tuple[Layout, list[Panel]]:
    """Choose float, size of type and panels: the narrowest float and the largest type that fit."""
    names = "l" if _width_of_names(table) < WIDEST_NAME_EM else WRAPPED_NAMES
    whole = [view(block, len(table.floors)) for block in table.blocks]
    for environment, widths in (("table", COLUMN_EM), ("table*", TEXT_EM)):
        for size in SIZES:
            if _width(table, whole) <= widths[size]:
                return Layout(environment, size, names), [whole]
    size = SIZES[-1]

    def fits(panel: Panel) -> bool:
        return _width(table, panel) <= TEXT_EM[size]

    panels = split_into_panels(table.blocks, fits, len(table.floors))
    return Layout("table*", size, names), panels


def _width(table: Table, panel: Panel) -> float:
    """Estimate a panel's width: the names, and each column with the space before it."""
    return _width_of_names(table) + sum(map(_width_of_block, panel))


def _width_of_block(one: BlockView) -> float:
    titles = [one.title, *_lines_of_origin(one)]
    return max(_width_of_columns(one), *(width_of(title) + GAP_EM for title in titles))


def _width_of_columns(one: BlockView) -> float:
    return sum(
        max(width_of(shown) for shown in (head, *(cell.text for cell in column))) + GAP_EM
        for head, column in zip(one.headers, one.columns, strict=True)
    )


def _lines_of_origin(one: BlockView) -> list[str]:
    """Break an origin that is wider than its columns, as one that names the row subtracted."""
    room = max(_width_of_columns(one) - GAP_EM, LEAST_ORIGIN_EM)
    return wrap(f"({one.origin})", int(room / UPPER), break_long_words=False)


def _width_of_names(table: Table) -> float:
    widest = max(width_of(name + mark) for name, mark in table.heads)
    return min(widest, WIDEST_NAME_EM)


def _split_into_pages(table: Table, panels: Sequence[Panel]) -> list[list[Panel]]:
    """Put as many panels into a float as the height of a page allows."""
    texts = [table.caption, *table.footnotes.values(), *table.notes]
    num_lines = sum(ceil(len(text) / CHARACTERS_PER_LINE) for text in texts)
    num_rows = sum(ceil(width_of(name) / WIDEST_NAME_EM) for name, _ in table.heads)
    num_together = max(1, (LINES_PER_PAGE - num_lines) // (num_rows + PANEL_HEAD_LINES))
    return [
        list(panels[start : start + num_together]) for start in range(0, len(panels), num_together)
    ]


def _float(
    table: Table,
    panels: Sequence[Panel],
    layout: Layout,
    caption: Sequence[str],
    notes: Sequence[str],
) -> list[str]:
    """Stack panels in one float."""
    stacked: list[str] = []
    for panel in panels:
        stacked += [r"\par\medskip", *_panel(table, panel, layout)]
    return [
        rf"\begin{{{layout.environment}}}",
        r"\centering",
        *caption,
        layout.size,
        *SETUP,
        rf"\setlength{{\tabcolsep}}{{{GAP_EM / 2}em}}",
        *stacked,
        *notes,
        rf"\end{{{layout.environment}}}",
    ]


def _panel(table: Table, panel: Panel, layout: Layout) -> list[str]:
    columns = [column for one in panel for column in one.columns]
    return [
        rf"\begin{{tabular}}{{@{{}}{layout.names}",
        *(f"  {describe_column(column)}" for column in columns),
        "@{}}",
        r"\toprule",
        *write_head(panel, _write_origin),
        r"\midrule",
        *write_body(table, columns, _mark),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _write_origin(one: BlockView) -> str:
    first, *others = map(escape, _lines_of_origin(one))
    return rf"\shortstack{{{NEW_LINE.join([first, *others])}}}" if others else first


def _mark(letters: str) -> str:
    return rf"\textsuperscript{{{letters}}}" if letters else ""


def _notes(table: Table) -> list[str]:
    texts = [_mark(letter) + escape(text) for letter, text in table.footnotes.items()]
    texts += map(escape, table.notes)
    if not texts:
        return []
    lines = [rf"{text}\par" for text in texts]
    return [
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\raggedright",
        *lines,
        r"\end{minipage}",
    ]
