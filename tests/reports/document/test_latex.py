import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from reports.document.content import Report
from reports.document.files import PDF_FILE, write_pdf
from reports.document.latex import MARGIN_CM, picture_files, to_latex
from reports.document.words import TITLE
from reports.figures.style import FULL_WIDTH_IN
from reports.forms import document
from reports.forms.latex_text import breakable

needs_tex = pytest.mark.skipif(
    shutil.which(document.COMPILER) is None, reason=f"{document.COMPILER} is not installed"
)

needs_poppler = pytest.mark.skipif(
    shutil.which("pdffonts") is None, reason="needs Debian's package poppler-utils"
)

A4_WIDTH_CM = 21.0


@needs_tex
def test_report_compiles(made: Report, tmp_path: Path) -> None:
    compilation = write_pdf(made, tmp_path)
    assert compilation.problem == ""
    assert compilation.pdf == tmp_path / PDF_FILE
    assert compilation.pdf.read_bytes().startswith(b"%PDF")


@pytest.fixture(scope="module")
def pdf(made: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    compilation = write_pdf(made, tmp_path_factory.mktemp("pdf"))
    assert compilation.pdf is not None
    return compilation.pdf


def find_tex(file: str) -> bool:
    return subprocess.run(["kpsewhich", file], capture_output=True).returncode == 0


def ask(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_tex
@needs_poppler
def test_every_font_is_embedded_and_has_outlines(pdf: Path) -> None:
    _, _, *lines = ask("pdffonts", pdf).splitlines()
    fonts = [(line[37:54].strip(), line.split()[-5]) for line in lines]
    assert {is_embedded for _, is_embedded in fonts} == {"yes"}
    kinds = {kind for kind, _ in fonts}
    assert {"Type 1", "CID TrueType"} <= kinds
    if find_tex("lmodern.sty"):  # without it, a dollar sign is made of pixels
        assert kinds == {"Type 1", "CID TrueType"}


@needs_tex
@needs_poppler
def test_pdf_says_what_it_is_and_has_bookmarks(pdf: Path) -> None:
    told = dict(line.split(":", 1) for line in ask("pdfinfo", pdf).splitlines())
    assert told["Title"].strip() == TITLE
    assert told["Subject"].strip().startswith("3 studies; 21 of 25 planned trials are finished")
    assert told["Keywords"].strip() == "depth, never, own"
    outline = ask("pdftohtml", "-xml", "-i", "-stdout", pdf).partition("<outline>")[2]
    assert re.findall(r'<item page="\d+">([^<&]*)', outline) == [
        *("Verdicts on claims", "1 Depth of the model", "2 Not begun", "3 Mine: a_b "),
        *("4 The papers' own numbers", "5 Environment", "6 All trials"),
    ]


@needs_tex
@needs_poppler
def test_figures_are_as_large_in_the_text_as_they_are(pdf: Path) -> None:
    """The text beside them is set in 7 or 8 pt, so that it is as large as captions."""
    xml = ask("pdftohtml", "-xml", "-i", "-stdout", "-zoom", "3", pdf)
    sizes = set(re.findall(r'size="(\d+)" family="\w+\+DejaVu', xml))
    assert sizes == {"21", "24"}
    assert FULL_WIDTH_IN <= A4_WIDTH_CM / 2.54 - 2 * MARGIN_CM / 2.54


@needs_tex
def test_letters_that_the_fonts_have_not_do_not_stop_it(tmp_path: Path, made: Report) -> None:
    reasons = ("no model of '\N{CJK UNIFIED IDEOGRAPH-60C5}' \N{GREEK SMALL LETTER ALPHA}",)
    text = to_latex(replace(made, chapters=(), not_drawn=reasons))
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
