"""Golden files of tables in every form; `python -m tests.reports.forms.golden` rewrites them."""

import io
from pathlib import Path

from rich.console import Console

from reports.forms.terminal import TableView
from reports.table import Table

GOLDEN = Path(__file__).parent


def show(table: Table, width: int) -> str:
    file = io.StringIO()
    Console(width=width, file=file, color_system=None).print(TableView(table))
    return file.getvalue()
