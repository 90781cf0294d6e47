import shutil

import pytest

from reports.forms import document
from reports.forms.document import compile_pdf, write_pdf
from reports.forms.latex import standalone
from tests.reports.factories import make_mixed_table, make_study, make_table

needs_tex = pytest.mark.skipif(
    shutil.which(document.COMPILER) is None, reason=f"{document.COMPILER} is not installed"
)

NASTY = r"a_b & 50 % #1 \cmd {x} ~ ^2 $y$"

TABLES = {
    "complete": lambda storage: make_table(storage, make_study(), [4, 2, 0]),
    "mixed": make_mixed_table,
    "nasty names": lambda storage: make_table(
        storage, make_study([NASTY, f"[{NASTY}]", '* <x> | "y" -- z'], title=NASTY), [4, 2, 0]
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
    compilation = write_pdf(make(tmp_path), tmp_path)
    assert compilation.problem == ""
    assert compilation.pdf == tmp_path / "depth.pdf"
    assert compilation.pdf.read_bytes().startswith(b"%PDF")


@needs_tex
def test_failure_shows_the_log(tmp_path):
    compilation = compile_pdf(standalone(r"\undefinedcommand"), tmp_path / "x.pdf")
    assert compilation.pdf is None
    assert "Undefined control sequence" in compilation.problem
    assert r"\undefinedcommand" in compilation.problem
    assert not (tmp_path / "x.pdf").exists()


@needs_tex
def test_equal_documents_give_equal_bytes(tmp_path):
    pdfs = [compile_pdf(standalone("text"), tmp_path / f"{n}.pdf").pdf for n in range(2)]
    assert pdfs[0].read_bytes() == pdfs[1].read_bytes()


def test_missing_compiler_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "COMPILER", "no-such-tex")
    compilation = compile_pdf("", tmp_path / "x.pdf")
    assert compilation.pdf is None
    assert compilation.problem == "no PDF: no-such-tex (TeX Live) is not installed"
