r"""The table as LaTeX: a fragment for `\input`, and a document around it.

Numbers stand in siunitx columns, aligned at the decimal marker. The second best is underlined by
a macro before the number, because a siunitx column cannot hold a number inside a command.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reports.blocks import MISSING, Block, Shown
from reports.table import Table

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
    r"  table-align-uncertainty=false, table-align-text-after=false,",
    r"  reset-text-series=false, text-series-to-math=true}",
)

ESCAPES = {
    **{mark: f"\\{mark}" for mark in "_&%#{}$"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # else an option of the line break before it
    "]": "{]}",
    "*": "{*}",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MINUS SIGN}": "$-$",
    "\N{RIGHTWARDS ARROW}": r"$\to$",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
}

NARROW_NAMES = 28
WRAPPED_NAMES = r">{\raggedright\arraybackslash\hangindent1em}p{13em}"
EM = 0.46
"""The mean width of a character, in em."""

PAGE_PT = 480.0
"""Portrait text width of an A4 page with margins of 2 cm."""


@dataclass(frozen=True)
class Layout:
    """How a table is made to fit: the float, the size of the type, the column of names."""

    environment: str
    size: str
    names: str


def to_latex(table: Table) -> str:
    """Write the table as a fragment; the packages it needs stand on top."""
    layout = _choose_layout(table)
    columns = [column for block in table.blocks for column in zip(*block.shown, strict=True)]
    lines = [
        f"% {_one_line(table.title)}",
        *(f"% {package}" for package in PREAMBLE),
        rf"\begin{{{layout.environment}}}",
        r"\centering",
        rf"\caption[{escape(table.title)}]{{{escape(table.caption)}}}",
        rf"\label{{{table.label}}}",
        r"\medskip",
        layout.size,
        *SETUP,
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        r"\begin{threeparttable}",
        rf"\begin{{tabular}}{{{layout.names}",
        *(f"  {_column(column)}" for column in columns),
        "}",
        r"\toprule",
        *_header(table.blocks),
        r"\midrule",
        *_body(table, columns),
        r"\bottomrule",
        r"\end{tabular}",
        *_notes(table.notes),
        r"\end{threeparttable}}",
        rf"\end{{{layout.environment}}}",
    ]
    return "\n".join(lines) + "\n"


def standalone(fragment: str) -> str:
    """Wrap a fragment into a document that compiles."""
    lines = [
        r"\documentclass{article}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage[T1]{fontenc}}{}",
        r"\usepackage[a4paper, margin=2cm]{geometry}",
        *PREAMBLE,
        r"\pagestyle{empty}",
        r"\begin{document}",
        fragment.rstrip("\n"),
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Make any text printable as it is, on one line."""
    pieces = re.split("(?<=-)(?=-)", _one_line(text))  # two hyphens would become a dash
    return "{}".join("".join(ESCAPES.get(c, c) for c in piece) for piece in pieces)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _choose_layout(table: Table) -> Layout:
    """Pick the largest type whose estimated width fits, on a turned page at last."""
    longest = max(len(row.name) for row in table.rows)
    names = "l" if longest <= NARROW_NAMES else WRAPPED_NAMES
    widths = [
        max(len(shown.text) for shown in (*column, Shown(head)))
        for block in table.blocks
        for head, *column in zip(block.headers, *block.shown, strict=True)
    ]
    width_em = EM * min(longest, NARROW_NAMES) + sum(EM * width + 1.2 for width in widths)
    for size, em_pt in ((r"\normalsize", 10.0), (r"\small", 9.0), (r"\footnotesize", 8.0)):
        if width_em * em_pt <= PAGE_PT:
            return Layout("table*", size, names)
    return Layout("sidewaystable*", r"\small", names)


def _column(cells: Sequence[Shown]) -> str:
    """Describe a column: the digits, the spread and the count that siunitx reserves room for."""
    numbers = [cell for cell in cells if _is_number(cell.value)]
    if not numbers:
        return "c"
    digits = _digits([cell.value for cell in numbers])
    spreads = [cell.spread for cell in numbers if cell.spread]
    spread = f" +- {_digits(spreads)}" if spreads else ""
    counts = [cell.count for cell in numbers if cell.count]
    count = rf" {{\,({max(counts, key=len)})}}" if counts else ""
    return f"S[table-format={digits}{spread}{count}]"


def _digits(values: Sequence[str]) -> str:
    parts = [value.partition(".") for value in values]
    integers = max(len(integer) for integer, _, _ in parts)
    return f"{integers}.{max(len(decimals) for _, _, decimals in parts)}"


def _header(blocks: Sequence[Block]) -> list[str]:
    """Write the blocks' titles and origins over their columns."""
    titles, origins, rules, heads, first = "", "", "", "", 2
    for block in blocks:
        last = first + len(block.headers) - 1
        span = rf" & \multicolumn{{{len(block.headers)}}}{{c}}"
        titles += f"{span}{{{escape(block.title)}}}"
        origins += f"{span}{{({escape(block.origin)})}}"
        rules += rf"\cmidrule(lr){{{first}-{last}}}"
        heads += "".join(f" & {{{escape(head)}}}" for head in block.headers)
        first = last + 1
    return [rf"{titles} \\", rf"{origins} \\", rules, rf"{heads} \\"]


def _body(table: Table, columns: Sequence[Sequence[Shown]]) -> list[str]:
    widths = [
        max((len(c.value.partition(".")[0]) for c in column if _is_number(c.value)), default=0)
        for column in columns
    ]
    lines = []
    for row, cells in zip(table.rows, zip(*columns, strict=True), strict=True):
        printed = [_cell(cell, width) for cell, width in zip(cells, widths, strict=True)]
        lines.append(" & ".join([escape(row.name), *printed]) + r" \\")
    return lines


def _cell(cell: Shown, integer_digits: int) -> str:
    if not _is_number(cell.value):
        text = escape(cell.value)
        return rf"{{\textbf{{{text}}}}}" if cell.rank == "best" else f"{{{text}}}"
    number = f"{cell.value} +- {cell.spread}" if cell.spread else cell.value
    missing_digits = integer_digits - len(cell.value.partition(".")[0])
    offset = rf"[\phantom{{{'0' * missing_digits}}}]" if missing_digits else ""
    marks = {"": "", "best": r"\bfseries ", "second": rf"{{\secondbest{offset}{{{number}}}}}"}
    count = rf" {{\,({cell.count})}}" if cell.count else ""
    return f"{marks[cell.rank]}{number}{count}"


def _is_number(value: str) -> bool:
    return value != MISSING and re.fullmatch(r"\d+(\.\d+)?", value) is not None


def _notes(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    items = [rf"\item {escape(note)}" for note in notes]
    return [r"\begin{tablenotes}[flushleft]\footnotesize", *items, r"\end{tablenotes}"]
