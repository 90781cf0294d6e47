import shutil
from pathlib import Path

import pytest

from reports.document.content import Report
from reports.document.files import PDF_FILE, write_pdf
from reports.document.latex import picture_files, to_latex
from reports.forms import document
from reports.forms.latex_text import breakable

needs_tex = pytest.mark.skipif(
    shutil.which(document.COMPILER) is None, reason=f"{document.COMPILER} is not installed"
)


@needs_tex
def test_report_compiles(made: Report, tmp_path: Path) -> None:
    compilation = write_pdf(made, tmp_path)
    assert compilation.problem == ""
    assert compilation.pdf == tmp_path / PDF_FILE
    assert compilation.pdf.read_bytes().startswith(b"%PDF")


@needs_tex
def test_letters_that_the_fonts_have_not_do_not_stop_it(tmp_path: Path, made: Report) -> None:
    reasons = ("no model of '\N{CJK UNIFIED IDEOGRAPH-60C5}' \N{GREEK SMALL LETTER ALPHA}",)
    text = to_latex(Report(**{**vars(made), "chapters": (), "not_drawn": reasons}))
    assert document.compile_pdf(text, tmp_path / PDF_FILE).problem == ""


def test_pictures_are_included_by_names_that_latex_can_read(made: Report) -> None:
    files = picture_files(made)
    text = to_latex(made)
    assert list(files) == [f"figure-{number}.pdf" for number in range(1, len(files) + 1)]
    assert all(path.is_file() for path in files.values())
    assert all(f"{{{name}}}" in text for name in files)


def test_contents_are_those_of_the_report(made: Report) -> None:
    text = to_latex(made)
    assert text.count(r"\section{") == 3 + 3  # the papers' numbers, environment, trials
    assert r"\label{tab:depth-minus-published}" in text
    assert r"\label{tab:depth-ours}" not in text
    assert all(breakable(line.record.key) in text for line in made.trials)


def test_earlier_pdf_does_not_stay_without_a_compiler(
    made: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "COMPILER", "no-such-tex")
    (tmp_path / PDF_FILE).write_text("of an earlier report")
    assert "is not installed" in write_pdf(made, tmp_path).problem
    assert not (tmp_path / PDF_FILE).exists()


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("two words", "two words"),
        ("one_two/three", r"one\_\hspace{0pt}two/\hspace{0pt}three"),
        ("--no-models", r"-{}-\hspace{0pt}no-\hspace{0pt}models"),
        ("x" * 25, "x" * 20 + r"\hspace{0pt}" + "x" * 5),
        ("gap +1.50, 50 %", r"gap +1.50, 50 \%"),
        ("", ""),
    ],
)
def test_breakable_escapes_and_breaks_after_marks(text: str, latex: str) -> None:
    assert breakable(text) == latex
