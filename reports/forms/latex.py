r"""The table as LaTeX: a fragment for `\input`.

The columns are siunitx columns: they align numbers at the decimal marker. A macro before the number
underlines the second best, because a siunitx column cannot hold a number inside a command.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from reports.forms.latex_text import breakable, escape, one_line
from reports.tables.blocks import DISTINCT, MISSING, TIED, Shown
from reports.tables.panels import BlockView, Panel, split_into_panels, view
from reports.tables.table import Table

PREAMBLE = (
    r"\usepackage{booktabs}",
    r"\usepackage{graphicx}",
    r"\usepackage{rotating}",
    r"\usepackage{siunitx} % 3.1 or later",
    r"\usepackage{threeparttable}",
)
SETUP = (
    r"\renewcommand{\arraystretch}{1.15}",
    r"\providecommand{\secondbest}[2][]{%",
    r"  \rlap{#1\underline{\phantom{\num{#2}}}}\kern1sp} % siunitx drops what has no width",
    r"\sisetup{uncertainty-mode=separate, retain-zero-uncertainty=true,",
    r"  retain-explicit-plus=true,",
    r"  table-align-uncertainty=false, table-align-text-after=false,",
    r"  reset-text-series=false, text-series-to-math=true}",
)

MARKS = {TIED: r"\approx", DISTINCT: "*"}

NARROW_NAMES = 28
WRAPPED_NAMES = r">{\raggedright\arraybackslash\hangindent1em}p{13em}"
EM = 0.46
"""The mean width of a character, in em."""

PORTRAIT_PT, LANDSCAPE_PT = 480.0, 720.0
"""The text width of an A4 page with margins of 2 cm, in portrait and in landscape."""

LINES_PER_PAGE, CHARACTERS_PER_LINE, PANEL_HEAD_LINES = 42, 150, 5
"""The size of a landscape A4 page in the smallest type, and the lines of a panel's head on it."""

COLUMN_GAP_PT, MOST_SHRUNK = 12.0, 0.85

SIZES = ((r"\normalsize", 10.0), (r"\small", 9.0), (r"\footnotesize", 8.0))


@dataclass(frozen=True)
class Layout:
    """How a table fits on the page: the float, the size of the type, the column of names."""

    environment: str
    size: str
    names: str


def to_latex(table: Table) -> str:
    """Write the table as a fragment; its first lines name the packages that it needs.

    Panels that do not fit on one page continue in another float.
    """
    layout = _choose_layout(table)
    panels = split_into_panels(table.blocks, lambda panel: _fits(table, panel), len(table.floors))
    pages = _split_into_pages(table, panels)
    lines = [f"% {one_line(table.title)}", *(f"% {package}" for package in PREAMBLE)]
    for number, page in enumerate(pages):
        notes = _notes(table) if number == len(pages) - 1 else []
        lines += _float(table, page, layout, write_caption(table, number), notes)
    return "\n".join(lines) + "\n"


def write_caption(table: Table, page: int) -> list[str]:
    """Write the caption of a float: the first one has the text, others continue it."""
    if page:
        return [rf"\tablename~\ref{{{table.label}}}, continued"]
    return [
        rf"\caption[{escape(table.title)}]{{{escape(table.caption)}}}",
        rf"\label{{{table.label}}}",
    ]


def _float(
    table: Table,
    panels: Sequence[Panel],
    layout: Layout,
    caption: Sequence[str],
    notes: Sequence[str],
) -> list[str]:
    """Stack panels; if one is wider than the line, shrink all by the same factor."""
    stacked: list[str] = []
    for number, panel in enumerate(panels):
        is_last = number == len(panels) - 1
        stacked += _panel(table, panel, layout, notes if is_last else [])
        stacked += [] if is_last else [r"\\ \noalign{\bigskip}"]
    return [
        rf"\begin{{{layout.environment}}}",
        r"\centering",
        *caption,
        r"\par\medskip",
        layout.size,
        *SETUP,
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        r"\begin{tabular}{@{}l@{}}",
        *stacked,
        r"\end{tabular}}",
        rf"\end{{{layout.environment}}}",
    ]


def _panel(table: Table, panel: Panel, layout: Layout, notes: Sequence[str]) -> list[str]:
    columns = [column for one in panel for column in one.columns]
    return [
        r"\begin{threeparttable}",
        rf"\begin{{tabular}}{{{layout.names}",
        *(f"  {describe_column(column)}" for column in columns),
        "}",
        r"\toprule",
        *write_head(panel, lambda one: f"({escape(one.origin)})"),
        r"\midrule",
        *write_body(table, columns, _note_mark),
        r"\bottomrule",
        r"\end{tabular}",
        *notes,
        r"\end{threeparttable}",
    ]


def _choose_layout(table: Table) -> Layout:
    """Pick the largest type whose estimated width fits; if none fits, use a landscape page."""
    names = "l" if _longest_name(table) <= NARROW_NAMES else WRAPPED_NAMES
    panel = [view(block, len(table.floors)) for block in table.blocks]
    for size, em_pt in SIZES:
        if _width_pt(table, panel, em_pt) <= PORTRAIT_PT:
            return Layout("table*", size, names)
    return Layout("sidewaystable*", SIZES[-1][0], names)


def _fits(table: Table, panel: Panel) -> bool:
    """Whether blocks fit side by side on a landscape page, in the smallest type, a bit shrunk."""
    return _width_pt(table, panel, SIZES[-1][1]) * MOST_SHRUNK <= LANDSCAPE_PT


def _width_pt(table: Table, panel: Panel, em_pt: float) -> float:
    """Estimate a panel's width."""
    widths = [
        max(len(shown.text) for shown in (*column, Shown(head)))
        for one in panel
        for head, column in zip(one.headers, one.columns, strict=True)
    ]
    num_characters = min(_longest_name(table), NARROW_NAMES) + sum(widths)
    return EM * em_pt * num_characters + COLUMN_GAP_PT * len(widths)


def _split_into_pages(table: Table, panels: Sequence[Panel]) -> list[list[Panel]]:
    """Put as many panels on each page as the height of a landscape page allows."""
    texts = [table.caption, *table.footnotes.values(), *table.notes]
    num_lines = sum(ceil(len(text) / CHARACTERS_PER_LINE) for text in texts)
    num_rows = sum(ceil(len(name) / NARROW_NAMES) for name, _ in table.heads)
    room = LINES_PER_PAGE - num_lines
    num_together = max(1, int(room // (num_rows + PANEL_HEAD_LINES)))
    return [
        list(panels[start : start + num_together]) for start in range(0, len(panels), num_together)
    ]


def _longest_name(table: Table) -> int:
    return max(len(name) for name, _ in table.heads)


def describe_column(cells: Sequence[Shown]) -> str:
    """Describe a column for siunitx: how many digits, which spread and which text behind them."""
    numbers = [cell for cell in cells if _is_number(cell.value)]
    if not numbers:
        return "c"
    digits = _digits([cell.value for cell in numbers])
    spreads = [cell.spread for cell in numbers if cell.spread]
    spread = f" +- {_digits(spreads)}" if spreads else ""
    after = max((_after(cell) for cell in numbers), key=len)
    return f"S[table-format={digits}{spread}{after}]"


def _digits(values: Sequence[str]) -> str:
    parts = [value.lstrip("+-").partition(".") for value in values]
    sign = "+" if any(value[0] in "+-" for value in values) else ""
    integers = max(len(integer) for integer, _, _ in parts)
    return f"{sign}{integers}.{max(len(decimals) for _, _, decimals in parts)}"


def write_head(panel: Panel, write_origin: Callable[[BlockView], str]) -> list[str]:
    """Write the head: titles and origins, then groups if any, then the headers of the columns."""
    titles, origins, rules, groups, group_rules, heads, first = "", "", "", "", "", "", 2
    for one in panel:
        last = first + len(one.headers) - 1
        titles += _span(len(one.headers), escape(one.title))
        origins += _span(len(one.headers), write_origin(one))
        rules += rf"\cmidrule(lr){{{first}-{last}}}"
        for group, number in one.spans:
            groups += _span(number, escape(group))
            group_rules += rf"\cmidrule(lr){{{first}-{first + number - 1}}}" if group else ""
            first += number
        heads += "".join(f" & {{{escape(head)}}}" for head in one.headers)
    lines = [rf"{titles} \\", rf"{origins} \\", rules]
    if group_rules:
        lines += [rf"{groups} \\", group_rules]
    return [*lines, rf"{heads} \\"]


def _span(number: int, text: str) -> str:
    return rf" & \multicolumn{{{number}}}{{c}}{{{text}}}"


def write_body(
    table: Table, columns: Sequence[Sequence[Shown]], write_mark: Callable[[str], str]
) -> list[str]:
    """Write the lines of rows and floors.

    Args:
        table: The table.
        columns: The columns of a panel.
        write_mark: Writes the letters of a row's footnotes.
    """
    widths = [
        max((len(c.value.partition(".")[0]) for c in column if _is_number(c.value)), default=0)
        for column in columns
    ]
    write_name = escape if _longest_name(table) <= NARROW_NAMES else breakable
    lines = []
    heads = table.heads[: len(columns[0])]
    for (name, mark), cells in zip(heads, zip(*columns, strict=True), strict=True):
        printed = [_cell(cell, width) for cell, width in zip(cells, widths, strict=True)]
        named = write_name(name) + write_mark(mark)
        lines.append(" & ".join([named, *printed]) + r" \\")
    if len(lines) > len(table.rows):
        lines.insert(len(table.rows), r"\midrule")
    return lines


def _note_mark(mark: str) -> str:
    r"""Write the letters of a row's footnotes: `\tnote` takes no width, so later letters get it."""
    if not mark:
        return ""
    later = mark.partition(",")[2]
    return rf"\tnote{{{mark}}}" + (rf"\phantom{{\textsuperscript{{,{later}}}}}" if later else "")


def _cell(cell: Shown, integer_digits: int) -> str:
    if not _is_number(cell.value):
        text = escape(cell.value)
        return rf"{{\textbf{{{text}}}}}" if cell.rank == "best" else f"{{{text}}}"
    number = f"{cell.value} +- {cell.spread}" if cell.spread else cell.value
    missing_digits = integer_digits - len(cell.value.partition(".")[0])
    offset = rf"[\phantom{{{'0' * missing_digits}}}]" if missing_digits else ""
    marks = {"": "", "best": r"\bfseries ", "second": rf"{{\secondbest{offset}{{{number}}}}}"}
    return f"{marks[cell.rank]}{number}{_after(cell)}"


def _after(cell: Shown) -> str:
    r"""Write the text behind a number: `$^{\approx}$` and n of N."""
    mark = rf"$^{{{MARKS[cell.mark]}}}$" if cell.mark else ""
    count = rf"\,({cell.count})" if cell.count else ""
    return f" {{{mark}{count}}}" if mark or count else ""


def _is_number(value: str) -> bool:
    return value != MISSING and re.fullmatch(r"[+-]?\d+(\.\d+)?", value) is not None


def _notes(table: Table) -> list[str]:
    items = [rf"\item[{letter}] {escape(text)}" for letter, text in table.footnotes.items()]
    items += [rf"\item {escape(note)}" for note in table.notes]
    if not items:
        return []
    return [r"\begin{tablenotes}[flushleft]\footnotesize", *items, r"\end{tablenotes}"]
