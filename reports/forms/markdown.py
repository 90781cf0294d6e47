"""The table as Markdown that GitHub and most editors show."""

import re

from reports.tables.blocks import Shown, header
from reports.tables.table import Table


def to_markdown(table: Table) -> str:
    """Write the table; `<ins>` underlines the second best."""
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
    for number, row in enumerate(table.rows):
        cells = [_cell(cell) for block in table.blocks for cell in block.shown[number]]
        mark = table.marks[number]
        lines.append(_line([escape(row.name) + (f"<sup>{mark}</sup>" if mark else ""), *cells]))
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
