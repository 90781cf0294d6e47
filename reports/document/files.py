"""The files of a report: HTML, PDF, and every table and verdict in a form for programs."""

from pathlib import Path

from reports.document.content import Report
from reports.document.html import to_html
from reports.document.latex import picture_files, to_latex
from reports.forms.document import Compilation, compile_pdf
from reports.forms.files import write_table
from reports.forms.verdicts import write_verdicts
from reports.ledger.files import write_atomically

TABLES, VERDICTS = "tables", "verdicts"
HTML_FILE, PDF_FILE = "report.html", "report.pdf"


def write_html(report: Report, folder: Path) -> Path:
    """Write the report as one HTML file; equal records give equal bytes."""
    path = folder / HTML_FILE
    write_atomically(path, to_html(report).encode())
    return path


def write_pdf(report: Report, folder: Path) -> Compilation:
    """Compile the report into a PDF if TeX is installed; remove the PDF of an earlier report."""
    (folder / PDF_FILE).unlink(missing_ok=True)
    return compile_pdf(to_latex(report), folder / PDF_FILE, picture_files(report))


def write_twins(report: Report, folder: Path) -> None:
    """Write every variant of the tables, and the verdicts, in every form."""
    for chapter in report.chapters:
        for table in chapter.tables:
            write_table(table, folder / TABLES / chapter.name)
        if chapter.judged:
            write_verdicts(chapter.judged, chapter.name, folder / VERDICTS)
