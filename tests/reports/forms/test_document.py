import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unicodedata import normalize

import pytest

from reports.forms import document
from reports.forms.document import compile_pdf, write_pdf
from reports.forms.latex import PREAMBLE, to_latex
from reports.forms.latex_text import escape, known_letters, standalone
from reports.ledger.ledger import Ledger
from reports.tables.table import VARIANTS, Table, build_table
from search_spaces.catalogue import find_study
from tests.reports.factories import (
    collect,
    make_mixed_table,
    make_study,
    make_table,
    write_wrong,
)

needs_tex = pytest.mark.skipif(
    shutil.which(document.COMPILER) is None, reason=f"{document.COMPILER} is not installed"
)

ALPHA = "\N{GREEK SMALL LETTER ALPHA}"

SECTIONS = "".join(rf"\clearpage\section{{{number}}}" for number in range(60))
"""Whose table of contents takes more than the page that is kept for it at first."""

NASTY = r"a_b & 50 % #1 \cmd {x} ~ ^2 $y$"
EVERY_EMOTION = ("ang", "exc", "fru", "hap", "neu", "sad")


def make_wide_table(storage, variant="beside"):
    """Build a table of 14 columns, which needs panels, on one of the paper's corpora."""
    ledger, study = Ledger(storage), find_study("main")
    wrong = {row.name: [5, 5, 6] for row in study.rows}
    keys = write_wrong(ledger, wrong, EVERY_EMOTION)
    outcome = collect(study, keys, ledger, corpus="iemocap", scale="paper")
    return build_table(study, [outcome], variant)


def make_two_corpora_table(storage):
    """Build a table that goes on on a second page."""
    ledger, study = Ledger(storage), find_study("main")
    keys = write_wrong(ledger, {row.name: [5] for row in study.rows}, EVERY_EMOTION)
    corpora = ("iemocap", "mosei", "synthetic")
    return build_table(study, [collect(study, keys, ledger, corpus=corpus) for corpus in corpora])


def make_lettered_table(storage):
    """Build a table whose names hold Greek and mathematical letters, and some that TeX lacks."""
    names = ["幸せ", f"{ALPHA}-blend ≥ 0.5", "é « x̂ » 10⁻³"]
    return make_table(storage, make_study(names, title=f"Which {ALPHA}?"), [4, 2, 0])


TABLES: dict[str, Callable[[Path], Table]] = {
    "complete": lambda storage: make_table(storage, make_study(), [4, 2, 0]),
    **{
        variant: partial(make_mixed_table, variant=variant, corpus="iemocap")
        for variant in VARIANTS
    },
    "wide": make_wide_table,
    "wide differences": lambda storage: make_wide_table(storage, "minus-baseline"),
    "two pages": make_two_corpora_table,
    "nasty names": lambda storage: make_table(
        storage, make_study([NASTY, f"[{NASTY}]", '* <x> | "y" -- z'], title=NASTY), [4, 2, 0]
    ),
    "letters of all kinds": lambda storage: make_lettered_table(storage),
    "long names": lambda storage: make_table(
        storage, make_study(["a" * 90, "transformer_with_many_layers/and.more" * 2]), [4, 2]
    ),
    "one row": lambda storage: make_table(storage, make_study(["2-2-2-2"]), [2]),
    "one seed": lambda storage: make_table(storage, make_study(), [4, 2, 0], num_seeds=1),
    "no finished trial": lambda storage: make_table(
        storage, make_study(["a", "b"]), [4, 2], num_seeds=1, unfinished=["0-0", "1-0"]
    ),
}


@needs_tex
@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_table_compiles(tmp_path, make):
    table = make(tmp_path)
    compilation = write_pdf(table, tmp_path)
    assert compilation.problem == ""
    assert compilation.pdf == tmp_path / f"{table.name}.pdf"
    assert compilation.pdf is not None
    assert compilation.pdf.read_bytes().startswith(b"%PDF")


@needs_tex
@pytest.mark.parametrize("packages", [(), (r"\usepackage[T1]{fontenc}",)], ids=["OT1", "T1"])
def test_article_sets_every_known_letter(tmp_path, packages):
    text = "".join(rf"\typeout{{<{ord(c):X}>}}{escape(c)}\par " for c in known_letters())
    lines = (r"\documentclass{article}", *packages, r"\begin{document}", text, r"\end{document}")
    (tmp_path / "letters.tex").write_text("\n".join(lines), encoding="utf-8")
    command = (document.COMPILER, "-interaction=nonstopmode", "letters.tex")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    log = (tmp_path / "letters.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log
    assert "Missing character" not in log


VIETNAMESE = "ếềễốồỗấầẫắằẵẹộậặịụ"
"""Letters with two accents, or with one below; none has a hook or a horn, which LaTeX lacks."""


@needs_tex
@pytest.mark.parametrize("packages", [(), (r"\usepackage[T1]{fontenc}",)], ids=["OT1", "T1"])
def test_accents_stand_above_and_below_each_other(tmp_path, packages):
    """If one stands beside the other, the letter is wider than without accents."""
    letters = VIETNAMESE + "ǘǟḯṩṍ"
    pairs = [(normalize("NFD", letter)[0], letter) for letter in letters]
    boxes = [
        rf"\setbox0\hbox{{{escape(text)}}}\typeout{{width \the\wd0}}"
        for pair in pairs
        for text in pair
    ]
    lines = (r"\documentclass{article}", *packages, r"\begin{document}", *boxes, r"\end{document}")
    (tmp_path / "widths.tex").write_text("\n".join(lines), encoding="utf-8")
    command = (document.COMPILER, "-interaction=nonstopmode", "widths.tex")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    widths = [
        float(width) for width in re.findall(r"^width ([\d.]+)pt$", done.stdout, re.MULTILINE)
    ]
    plain, accented = widths[::2], widths[1::2]
    assert len(plain) == len(letters)
    assert accented == pytest.approx(plain, abs=0.5)


@needs_tex
def test_article_may_input_a_table_with_such_letters(tmp_path):
    fragment = to_latex(make_lettered_table(tmp_path))
    assert r"$\alpha$-blend $\ge$ 0.5" in fragment
    packages = "\n".join(PREAMBLE)
    article = rf"\documentclass{{article}}{packages}" "\n" rf"\begin{{document}}{fragment}"
    compilation = compile_pdf(article + r"\end{document}", tmp_path / "article.pdf")
    assert compilation.problem == ""


def test_letter_that_cannot_be_set_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "COMPILER", "no-such-tex")
    *_, remark = write_pdf(make_lettered_table(tmp_path), tmp_path).told
    assert remark == (
        "LaTeX has no letter for 幸 (U+5E78), せ (U+305B); it prints the number instead"
    )
    assert len(compile_pdf("U+5E78", tmp_path / "x.pdf").told) == 1


@needs_tex
def test_failure_shows_the_log(tmp_path):
    compilation = compile_pdf(standalone(r"\undefinedcommand", PREAMBLE), tmp_path / "x.pdf")
    assert compilation.pdf is None
    assert "Undefined control sequence" in compilation.problem
    assert r"\undefinedcommand" in compilation.problem
    assert not (tmp_path / "x.pdf").exists()


@needs_tex
def test_equal_documents_give_equal_bytes(tmp_path):
    first, second = (tmp_path / f"{number}.pdf" for number in range(2))
    for file in (first, second):
        assert compile_pdf(standalone("text", PREAMBLE), file).pdf == file
    assert first.read_bytes() == second.read_bytes()


def test_missing_compiler_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "COMPILER", "no-such-tex")
    compilation = compile_pdf("", tmp_path / "x.pdf")
    assert compilation.pdf is None
    assert compilation.problem == "no PDF: no-such-tex (TeX Live) is not installed"


@needs_tex
@pytest.mark.parametrize(("text", "num_runs"), [("text", 2), (r"\tableofcontents" + SECTIONS, 3)])
def test_compiler_runs_until_the_contents_are_settled(text, num_runs, tmp_path, monkeypatch):
    runs = []
    run = subprocess.run

    def count_and_run(*given, **named):
        runs.append(given)
        return run(*given, **named)

    monkeypatch.setattr(subprocess, "run", count_and_run)
    assert compile_pdf(standalone(text, PREAMBLE), tmp_path / "x.pdf").problem == ""
    assert len(runs) == num_runs
