"""Plain text as LaTeX, and the document around a fragment."""

import re
from collections.abc import Sequence

from reports.tables.blocks import TIED

ESCAPES = {
    **{mark: f"\\{mark}" for mark in "_&%#{}$"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # without braces, it would begin an option of the line break before it
    "]": "{]}",
    "*": "{*}",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MINUS SIGN}": "$-$",
    "\N{RIGHTWARDS ARROW}": r"$\to$",
    TIED: r"$\approx$",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
}

SHORT_WORD, LONG_RUN = 10, 20
"""Words up to the first length stay whole; in longer words, runs are cut after the second."""

UNKNOWN_LETTERS = (
    r"\makeatletter",
    r"\def\UTFviii@undefined@err#1{\rule{.5em}{.7em}} % letters that the fonts have not",
    r"\makeatother",
)
"""With these lines TeX prints a box for an unknown letter instead of failing."""


def standalone(fragment: str, packages: Sequence[str]) -> str:
    """Wrap a fragment and the packages that it needs into a document that compiles."""
    lines = [
        r"\documentclass{article}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage[T1]{fontenc}}{}",
        r"\usepackage[a4paper, margin=2cm]{geometry}",
        *packages,
        *UNKNOWN_LETTERS,
        r"\pagestyle{empty}",
        r"\begin{document}",
        fragment.rstrip("\n"),
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Escape a text so that LaTeX prints it unchanged, on one line."""
    pieces = re.split("(?<=-)(?=-)", one_line(text))  # LaTeX turns two hyphens into a dash
    return "{}".join("".join(ESCAPES.get(c, c) for c in piece) for piece in pieces)


def one_line(text: str) -> str:
    """Put a text on one line."""
    return " ".join(text.split())


def breakable(text: str) -> str:
    r"""Escape a text and let narrow columns break it: after punctuation, and inside long runs."""
    return " ".join(r"\hspace{0pt}".join(map(escape, _pieces(word))) for word in text.split())


def _pieces(word: str) -> list[str]:
    """Cut a word after punctuation marks and inside long runs; short words stay whole."""
    if len(word) <= SHORT_WORD:
        return [word]
    parts = re.findall(r"[^_/.:+-]*[_/.:+-]+|[^_/.:+-]+", word)
    return [
        part[start : start + LONG_RUN] for part in parts for start in range(0, len(part), LONG_RUN)
    ]
