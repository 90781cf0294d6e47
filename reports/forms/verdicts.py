"""Verdicts in print: Markdown, LaTeX and HTML, and the files of all forms."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from reports.forms import markdown
from reports.forms.html import render, wrap
from reports.forms.latex_text import breakable, escape
from reports.forms.verdict_words import (
    TONES,
    explain,
    group_verdicts,
    show_evidence,
    summarise,
    tell_method,
)
from reports.forms.verdicts_plain import to_csv, to_json
from reports.ledger.files import write_atomically
from reports.verdicts.judgement import Judged

PREAMBLE = (
    r"\usepackage{array}",
    r"\usepackage{booktabs}",
    r"\usepackage{longtable}",
)

HEADS = ("Claim", "On this split", "Beyond", "What it rests on")
WIDTHS = (0.06, 0.33, 0.15, 0.14, 0.26)
"""The widths of the LaTeX columns, the id first; the rest of the line is space between them."""


def to_markdown(judged: Sequence[Judged]) -> str:
    """Write a line for each claim."""
    escape = markdown.escape
    lines = [summarise(judged)]
    for heading, group in group_verdicts(judged):
        lines += ["", escape(heading)] if heading else []
        lines += ["", *_markdown_table(group)] if group else []
    legend = [f"- **{word}**: {escape(meaning)}" for word, meaning in explain(judged).items()]
    return "\n".join([*lines, "", escape(tell_method(judged)), "", *legend]) + "\n"


def _markdown_table(judged: Sequence[Judged]) -> list[str]:
    escape = markdown.escape
    lines = [f"| | {' | '.join(HEADS)} |", "| :-- | :-- | :-- | :-- | :-- |"]
    for one in judged:
        reading = f"<br>*Read as:* {escape(one.claim.note)}" if one.claim.note else ""
        cells = (
            escape(one.claim.id),
            escape(one.claim.text) + reading,
            f"**{one.verdict}**",
            one.beyond or "",
            escape(show_evidence(one)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def to_latex(judged: Sequence[Judged]) -> str:
    """Write tables that may continue on the next page; the first lines name the packages."""
    legend = [
        rf"\par\noindent\textbf{{{word}}}: {escape(meaning)}."
        for word, meaning in explain(judged).items()
    ]
    lines = [
        *(f"% {package}" for package in PREAMBLE),
        r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\noindent {escape(summarise(judged))}",
        *(line for group in group_verdicts(judged) for line in _latex_table(*group)),
        rf"\noindent {escape(tell_method(judged))}",
        *legend,
        r"\par\endgroup",
    ]
    return "\n".join(lines) + "\n"


def to_html(judged: Sequence[Judged], label: str = "Verdicts") -> str:
    """Write a fragment; `reports.forms.html.STYLE` defines its classes.

    Args:
        judged: The claims with their verdicts.
        label: Names the boxes in which tables scroll, on a page with several studies.
    """
    return render(
        "verdicts.html.j2",
        groups=group_verdicts(judged),
        label=label,
        heads=HEADS,
        tones=TONES,
        evidence=show_evidence,
        summary=summarise(judged),
        method=tell_method(judged),
        legend=explain(judged),
    )


def to_page(judged: Sequence[Judged]) -> str:
    """Write a page of its own; the page loads no other files."""
    return wrap("Verdicts", to_html(judged))


FORMS: dict[str, Callable[[Sequence[Judged]], str]] = {
    "json": to_json,
    "csv": to_csv,
    "md": to_markdown,
    "tex": to_latex,
    "html": to_page,
}


def write_verdicts(judged: Sequence[Judged], name: str, folder: Path) -> dict[str, Path]:
    """Write `<name>-verdicts.json` and so on; equal verdicts give equal bytes.

    Returns:
        The files by form.
    """
    paths = {form: folder / f"{name}-verdicts.{form}" for form in FORMS}
    for form, path in paths.items():
        write_atomically(path, FORMS[form](judged).encode())
    return paths


def _column(share: float) -> str:
    return rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}"


def _latex_table(heading: str, judged: Sequence[Judged]) -> list[str]:
    heads = " & ".join(["", *HEADS])
    above = [rf"\par\noindent {escape(heading)}"] if heading else []
    if not judged:
        return [*above, r"\par"]
    return [
        *above,
        rf"\begin{{longtable}}{{@{{}}{''.join(map(_column, WIDTHS))}@{{}}}}",
        rf"\toprule {heads} \\ \midrule \endhead",
        r"\bottomrule \endfoot",
        *map(_latex_line, judged),
        r"\end{longtable}\addtocounter{table}{-1}",
    ]


def _latex_line(judged: Judged) -> str:
    claim = escape(judged.claim.text)
    if judged.claim.note:
        claim += rf" \emph{{Read as:}} {escape(judged.claim.note)}"
    verdict, beyond = (breakable(word or "") for word in (judged.verdict, judged.beyond))
    evidence = re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", show_evidence(judged))
    cells = (
        escape(judged.claim.id),
        claim,
        verdict if judged.verdict == "UNTESTABLE" else rf"\textbf{{{verdict}}}",
        beyond,
        escape(evidence),
    )
    return rf"{' & '.join(cells)} \\ \addlinespace"
