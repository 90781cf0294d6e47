"""The table as Markdown that GitHub and most editors show."""

import re

from reports.tables.blocks import Shown, header
from reports.tables.panels import view
from reports.tables.table import Table

RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}" * 3


def to_markdown(table: Table) -> str:
    """Write the table; `<ins>` underlines the second best, and a line of dashes is a rule."""
    heads = [
        f"{escape(header(block))}<br>{escape(column.title)}"
        for block in table.blocks
        for column in block.columns
    ]
    lines = [
        f"**{escape(table.caption)}**",
        "",
        _line(["", *heads]),
        _line([":--", *["--:"] * len(heads)]),
    ]
    columns = [c for block in table.blocks for c in view(block, len(table.floors)).columns]
    for (name, mark), cells in zip(table.heads, zip(*columns, strict=True), strict=True):
        named = escape(name) + (f"<sup>{mark}</sup>" if mark else "")
        lines.append(_line([named, *map(_cell, cells)]))
    if table.floors:  # Markdown has no rule within a table
        lines.insert(-len(table.floors), _line([RULE] * (1 + len(columns))))
    lines += ["", *(f"- {letter}: {escape(text)}" for letter, text in table.footnotes.items())]
    lines += [f"- {escape(note)}" for note in table.notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """Escape a text so that Markdown shows it unchanged, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|~#^$&])", r"\\\1", " ".join(text.split()))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Shown) -> str:
    marks = {"": "{}", "best": "**{}**", "second": "<ins>{}</ins>"}
    return marks[cell.rank].format(escape(cell.text))
