"""The files of an assessment: every form of the tables and verdicts, the figures, and JSON."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reports.forms import html, plain, verdicts, verdicts_plain
from reports.forms.files import write_table
from reports.given.assess import Assessment
from reports.given.metrics import identify
from reports.ledger.files import write_atomically
from reports.tables.table import Table, table_name

SCHEMA = 1
PAGE = "verdict.html"
TABLES, VERDICTS, FIGURES = "tables", "verdicts", "figures"


def to_document(assessment: Assessment) -> dict[str, object]:
    """Turn an assessment into JSON; all scores are fractions, but those of plain numbers."""
    return {
        "schema": SCHEMA,
        "file": assessment.results.path.name,
        "metrics": [
            {
                "metric": metric.name,
                "header": metric.header,
                "higher_is_better": metric.higher_is_better,
                "read_as": metric.scaling,
            }
            for metric in assessment.results.metrics
        ],
        "baseline": assessment.baseline,
        "notes": list(assessment.notes),
        "failed": [one.claim.id for one in assessment.failed],
        "verdicts": verdicts_plain.to_document(assessment.judged) if assessment.judged else None,
        "tables": [plain.to_document(table) for table in assessment.tables],
    }


def write_files(assessment: Assessment, folder: Path) -> Path:
    """Write one page with all, and each part in every form; equal results give equal bytes.

    Returns:
        The page.
    """
    for table in assessment.tables:
        write_table(table, folder / TABLES)
    if assessment.judged:
        verdicts.write_verdicts(assessment.judged, assessment.tables[0].name, folder / VERDICTS)
    _write_figures(assessment, folder / FIGURES)
    write_atomically(
        folder / PAGE, html.join_pages(assessment.study.title, _pages(assessment)).encode()
    )
    return folder / PAGE


def _pages(assessment: Assessment) -> Iterator[str]:
    first, *others = assessment.tables
    yield html.to_page(first)
    if assessment.judged:
        yield verdicts.to_page(assessment.judged)
    others = [table for table in others if table.variant != "ours"]  # the first one has it all
    yield from (
        html.to_page(replace(table, notes=_own_notes(table, assessment))) for table in others
    )


def _own_notes(table: Table, assessment: Assessment) -> tuple[str, ...]:
    """List the notes of a table that the first table of the page does not have."""
    return tuple(note for note in table.notes if note not in assessment.notes)


def _write_figures(assessment: Assessment, folder: Path) -> None:
    """Write a forest plot for each corpus and metric."""
    from reports.figures.forest import draw_forest  # loads Matplotlib
    from reports.figures.style import write_drawing

    for outcome in assessment.outcomes:
        columns = assessment.study.columns_for(outcome.family)
        for column in {one.metric: one for one in columns}.values():
            drawing = draw_forest(assessment.study, outcome, None, column)
            if drawing is not None:
                corpus = [identify(outcome.corpus)] if len(assessment.outcomes) > 1 else []
                parts = (table_name(assessment.study), *corpus, column.metric, "forest")
                write_drawing(replace(drawing, name="-".join(parts)), folder)
