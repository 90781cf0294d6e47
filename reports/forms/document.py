"""LaTeX to PDF, if a TeX installation is available."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.forms.latex import PREAMBLE, to_latex
from reports.forms.latex_text import standalone, tell_unset
from reports.ledger.files import write_atomically
from reports.tables.table import Table

COMPILER = "pdflatex"
LIMIT_S = 120
MAX_RUNS = 5
NUM_LOG_LINES = 12


@dataclass(frozen=True)
class Compilation:
    """The compiled PDF, or the problem that prevented it; `remark` says what it lacks."""

    pdf: Path | None
    problem: str = ""
    remark: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """The path or the problem, then the remark if there is one."""
        return str(self.pdf or self.problem), *([self.remark] if self.remark else [])


def write_pdf(table: Table, folder: Path) -> Compilation:
    """Compile a table into `<study>.pdf`."""
    return compile_pdf(standalone(to_latex(table), PREAMBLE), folder / f"{table.name}.pdf")


def compile_pdf(document: str, pdf: Path, files: Mapping[str, Path] | None = None) -> Compilation:
    """Compile a LaTeX document; on one TeX installation, equal documents give equal bytes.

    Args:
        document: The LaTeX text.
        pdf: The file to write.
        files: The files that the document includes, by the names that it uses.
    """
    remark = tell_unset(document)
    if shutil.which(COMPILER) is None:
        return Compilation(None, f"no PDF: {COMPILER} (TeX Live) is not installed", remark)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for included, path in (files or {}).items():
            shutil.copyfile(path, folder / included)
        (folder / "document.tex").write_text(document, encoding="utf-8")
        failure = _run(folder)
        if failure:
            return Compilation(None, failure, remark)
        write_atomically(pdf, (folder / "document.pdf").read_bytes())
    return Compilation(pdf, remark=remark)


def _run(folder: Path) -> str:
    """Run the compiler until references and contents no longer change; return what failed."""
    command = [
        *(COMPILER, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"),
        *("-jobname=document", r"\pdftrailerid{}\input{document.tex}"),
    ]
    environment = os.environ | {"SOURCE_DATE_EPOCH": "0", "max_print_line": "1000"}
    before = b""
    try:
        for _ in range(MAX_RUNS):
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, timeout=LIMIT_S
            )
            if done.returncode != 0:
                return f"no PDF: {COMPILER} failed:\n{_failure(folder / 'document.log')}"
            after = (folder / "document.aux").read_bytes()
            if after == before:
                break
            before = after
    except subprocess.TimeoutExpired:
        return f"no PDF: {COMPILER} did not finish within {LIMIT_S} s"
    return ""


def _failure(log: Path) -> str:
    """Find the lines of a log that show the error."""
    if not log.is_file():
        return "it left no log"
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line]
    errors = [number for number, line in enumerate(lines) if line.startswith("!")]
    start = errors[0] if errors else max(len(lines) - NUM_LOG_LINES, 0)
    return "\n".join(lines[start : start + NUM_LOG_LINES])
