"""Golden files of a table in every form; `python -m tests.reports.golden` writes them anew."""

import io
from pathlib import Path

from rich.console import Console

from reports.table import Table
from reports.terminal import TableView

GOLDEN = Path(__file__).parent


def show(table: Table, width: int) -> str:
    file = io.StringIO()
    Console(width=width, file=file, color_system=None).print(TableView(table))
    return file.getvalue()
