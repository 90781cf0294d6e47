"""The files of a table: one for each form."""

from collections.abc import Callable
from pathlib import Path

from reports.forms.article.table import to_latex as to_plain_latex
from reports.forms.html import to_page
from reports.forms.latex import to_latex
from reports.forms.markdown import to_markdown
from reports.forms.plain import to_csv, to_json
from reports.ledger.files import write_atomically
from reports.tables.table import Table

FORMS: dict[str, Callable[[Table], str]] = {
    "tex": to_latex,
    "plain.tex": to_plain_latex,
    "csv": to_csv,
    "json": to_json,
    "md": to_markdown,
    "html": to_page,
}


def write_table(table: Table, folder: Path) -> dict[str, Path]:
    """Write a table in every form, as `<name>.tex` and so on; equal records give equal bytes.

    Returns:
        The files by form.
    """
    paths = {form: folder / f"{table.name}.{form}" for form in FORMS}
    for form, path in paths.items():
        write_atomically(path, FORMS[form](table).encode())
    return paths
