import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from reports.forms.article.table import BOTH_COLUMNS, PREAMBLE, TOO_WIDE, to_latex
from reports.forms.latex import to_latex as to_rich_latex
from reports.tables.table import VARIANTS, Table
from search_spaces.catalogue import STUDIES
from search_spaces.study import ANY_CORPUS, Column
from tests.reports.factories import make_study, make_table
from tests.reports.forms.golden import mixed_table, study_tables
from tests.reports.forms.test_document import TABLES, needs_tex

ACL = (
    r"\documentclass[11pt, a4paper, twocolumn]{article}",
    r"\setlength{\textwidth}{16cm}\setlength{\columnsep}{0.6cm}\setlength{\oddsidemargin}{-0.04cm}",
    r"\setlength{\textheight}{24.7cm}\setlength{\topmargin}{-1.5cm}",
)
"""The page of ACL's style, which is in no TeX distribution; its own letters are narrower."""

HEADS: dict[str, Sequence[str]] = {
    "article": (r"\documentclass{article}",),
    "IEEE": (r"\documentclass[journal]{IEEEtran}",),
    "ACL": ACL,
}
FAULT = re.compile(r"^!|Overfull|too large|undefined", re.MULTILINE)


def has_class(name: str) -> bool:
    if shutil.which("kpsewhich") is None:
        return False
    return subprocess.run(["kpsewhich", f"{name}.cls"], capture_output=True).returncode == 0


every_page = pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            head,
            id=name,
            marks=pytest.mark.skipif(
                name == "IEEE" and not has_class("IEEEtran"),
                reason="needs Debian's package texlive-publishers",
            ),
        )
        for name, head in HEADS.items()
    ],
)


def find_faults(folder: Path, head: Iterable[str], tables: Iterable[Table]) -> list[str]:
    """Set tables in an article; list what TeX complains of, below the name of each table."""
    body = [rf"\typeout{{= {table.name}}}{to_latex(table)}\clearpage" for table in tables]
    lines = [*head, *PREAMBLE, r"\begin{document}", *body, r"\end{document}"]
    (folder / "article.tex").write_text("\n".join(lines), encoding="utf-8")
    command = ("pdflatex", "-interaction=nonstopmode", "article.tex")
    environment = {**os.environ, "max_print_line": "1000"}
    for _ in range(2):  # the second run knows the references
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300)
    log = (folder / "article.log").read_text(encoding="utf-8", errors="replace")
    assert "Output written" in log
    return [
        f"{told.partition(chr(10))[0]}: {line}"
        for told in log.split("\n= ")[1:]
        for line in told.splitlines()
        if FAULT.search(line)
    ]


@needs_tex
@every_page
def test_tables_fit_every_page_with_two_packages_alone(head: Sequence[str], tmp_path: Path) -> None:
    mixed = [mixed_table(variant) for variant in VARIANTS]
    assert find_faults(tmp_path, head, [*mixed, study_tables("layers")["beside"]]) == []


@pytest.mark.slow
@needs_tex
@every_page
def test_tables_of_all_studies_fit_every_page(head: Sequence[str], tmp_path: Path) -> None:
    tables = [table for name in STUDIES for table in study_tables(name).values()]
    assert len(tables) > 40
    assert find_faults(tmp_path, head, tables) == []


@needs_tex
def test_names_and_letters_of_all_kinds_are_set(tmp_path: Path) -> None:
    tables = [make(tmp_path / f"{number}") for number, make in enumerate(TABLES.values())]
    faults = find_faults(tmp_path, HEADS["article"], tables)
    assert [fault for fault in faults if "Overfull" not in fault] == []


def cells_of(latex: str) -> set[str]:
    return set(re.findall(r"\d+\.\d+ \+- \d+\.\d+", latex))


@pytest.mark.parametrize("name", ["components", "layers", "main"])
def test_plain_form_has_the_numbers_of_the_rich_one_and_none_of_its_packages(name: str) -> None:
    for table in study_tables(name).values():
        plain, rich = to_latex(table), to_rich_latex(table)
        assert cells_of(plain) == cells_of(rich) != set()
        assert not re.search(r"\\(resizebox|tnote|item)|sideways|threeparttable", plain)
        assert re.findall(r"\\usepackage\{(\w+)\}", plain) == ["booktabs", "siunitx"]


@pytest.mark.parametrize(
    ("num_columns", "environment", "remarks"),
    [(2, "table", []), (4, "table*", [BOTH_COLUMNS]), (9, "table*", [BOTH_COLUMNS, TOO_WIDE])],
)
def test_wide_tables_take_both_columns_and_say_so(
    num_columns: int, environment: str, remarks: list[str], tmp_path: Path
) -> None:
    columns = [Column(metric="f1", header=f"F1 {n}") for n in range(num_columns)]
    study = make_study(["a", "b"], columns={ANY_CORPUS: columns}, source=None)
    text = to_latex(make_table(tmp_path, study, [4, 2]))
    assert rf"\begin{{{environment}}}" in text
    assert [line for line in text.splitlines() if line in (BOTH_COLUMNS, TOO_WIDE)] == remarks


def test_long_origins_are_broken(tmp_path: Path) -> None:
    table = study_tables("components")["minus-baseline"]
    assert r"\shortstack{(ours, paper scale, \\ minus" in to_latex(table)


def test_footnotes_and_notes_stand_below() -> None:
    text = to_latex(study_tables("main")["beside"])
    below = text.rpartition(r"\begin{minipage}")[2]
    assert r"FE2E\textsuperscript{b}" in text
    assert r"\textsuperscript{b}the paper's authors ran the code" in below
    assert r"Published: values and bold type as printed.\par" in below
