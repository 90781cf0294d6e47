"""Golden files of tables in every form; `python -m tests.reports.forms.golden` rewrites them."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from corpora.iemocap.turn import IEMOCAP_EMOTIONS
from corpora.mosei.labels import MOSEI_EMOTIONS
from reports.forms.files import FORMS
from reports.forms.html import to_html
from reports.forms.terminal import TableView
from reports.ledger.ledger import Ledger
from reports.tables.table import VARIANTS, Table, Variant, build_tables
from search_spaces.catalogue import STUDIES
from tests.reports.factories import collect, make_mixed_table, write_wrong

GOLDEN = Path(__file__).parent
EMOTIONS = {"iemocap": IEMOCAP_EMOTIONS, "mosei": MOSEI_EMOTIONS}


def show(table: Table, width: int = 120) -> str:
    file = io.StringIO()
    Console(width=width, file=file, color_system=None).print(TableView(table))
    return file.getvalue()


WRITERS: dict[str, Callable[[Table], str]] = {**FORMS, "html": to_html, "txt": show}
FILES = [
    (variant, form)
    for variant in VARIANTS
    for form in (WRITERS if variant == "beside" else ("tex", "txt"))
]


def golden_file(variant: Variant, form: str) -> Path:
    return GOLDEN / f"{'mixed' if variant == 'beside' else f'mixed-{variant}'}.{form}"


STUDY_FILES = [
    (name, variant, "tex" if variant == "beside" else "md")
    for name in STUDIES
    for variant in VARIANTS
    if variant in ("beside", "minus-baseline") or STUDIES[name].printed_tables
]
"""Every built-in study on both papers' corpora: the paper's table as LaTeX, variants to read."""


def study_file(name: str, variant: Variant, form: str) -> Path:
    return GOLDEN / "studies" / f"{name}-{variant}.{form}"


@cache
def study_tables(name: str) -> dict[Variant, Table]:
    """Build a study's tables from three seeds a row, each row worse than the one before."""
    study = STUDIES[name]
    wrong = {row.name: [n + 1, n + 2, n + seed_wrong(n)] for n, row in enumerate(study.rows)}
    with TemporaryDirectory() as storage:
        outcomes = []
        for corpus, emotions in EMOTIONS.items():
            ledger = Ledger(Path(storage, corpus))
            keys = write_wrong(ledger, wrong, emotions)
            outcomes.append(collect(study, keys, ledger, corpus=corpus, scale="paper"))
        return {table.variant: table for table in build_tables(study, outcomes)}


def seed_wrong(number: int) -> int:
    """Let the third seed's luck change from row to row, so that some rows tie."""
    return 1 + number * 7 % 4


@cache
def mixed_table(variant: Variant) -> Table:
    """Build the mixed table; published values are subtracted on a corpus of the paper."""
    corpus = "iemocap" if variant == "minus-published" else "synthetic"
    with TemporaryDirectory() as storage:
        return make_mixed_table(Path(storage), variant, corpus)
