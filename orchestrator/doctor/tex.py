"""TeX: the compiler and the packages that PDFs need."""

import re
import shutil
from collections.abc import Iterator

from orchestrator.doctor.apart import ApartError, run_limited
from orchestrator.doctor.finding import Finding, Wanted

FINDER = "kpsewhich"
LIMIT_S = 20.0
ADVICE = "on Debian and Ubuntu: apt install texlive-latex-extra texlive-science lmodern"
PACKAGE = re.compile(r"\\usepackage(?:\[[^]]*\])?\{(\w+)\}")


def needed_packages() -> list[str]:
    """List the packages of the report, which has all that tables need, and of every document."""
    from reports.document.latex import PREAMBLE

    return sorted({*PACKAGE.findall("\n".join(PREAMBLE)), "geometry"})


def look_at_tex(_wanted: Wanted) -> Iterator[Finding]:
    """Look for each; without TeX, all but PDFs is written, so what lacks is a note."""
    from reports.forms.document import COMPILER

    if shutil.which(COMPILER) is None or shutil.which(FINDER) is None:
        yield Finding(
            subject="tex",
            level="note",
            text=f"{COMPILER} is not installed: tables are written in all forms but PDF",
            advice=ADVICE,
        )
        return
    needed = needed_packages()
    try:
        missing = missing_packages(needed)
    except ApartError as error:
        yield Finding(subject="tex", level="note", text=f"{FINDER}: {error}", advice=ADVICE)
        return
    if missing:
        text = f"TeX lacks {', '.join(missing)}, which PDFs need"
        yield Finding(subject="tex", level="note", text=text, advice=ADVICE)
    else:
        text = f"{COMPILER} has the {len(needed)} packages that PDFs need"
        yield Finding(subject="tex", level="ok", text=text)


def missing_packages(names: list[str]) -> list[str]:
    """Return those that TeX does not find.

    Raises:
        ApartError: If TeX does not answer.
    """
    files = [f"{name}.sty" for name in names]
    found = run_limited([FINDER, *files], limit_s=LIMIT_S).out.decode(errors="replace").split("\n")
    there = {path.strip().rpartition("/")[2] for path in found}
    return [name for name, file in zip(names, files, strict=True) if file not in there]
