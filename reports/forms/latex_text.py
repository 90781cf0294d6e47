r"""Plain text as LaTeX, and the document around a fragment.

A fragment goes into articles of others, so it holds only what LaTeX (2020 or later) sets without a
further package: ASCII, and what `latex_letters.tsv` gives for other letters, which was tried in the
encodings OT1 and T1. Instead of any other letter it prints the letter's number in Unicode, and
`tell_unset` names these letters.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from unicodedata import category, combining, decomposition, name, normalize

LETTERS = files("reports.forms").joinpath("latex_letters.tsv")

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
}

ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": ("`", "grave"),
    "\N{COMBINING ACUTE ACCENT}": ("'", "acute"),
    "\N{COMBINING CIRCUMFLEX ACCENT}": ("^", "hat"),
    "\N{COMBINING TILDE}": ("~", "tilde"),
    "\N{COMBINING MACRON}": ("=", "bar"),
    "\N{COMBINING DOT ABOVE}": (".", "dot"),
    "\N{COMBINING DIAERESIS}": ('"', "ddot"),
    "\N{COMBINING BREVE}": ("u", "breve"),
    "\N{COMBINING CARON}": ("v", "check"),
    "\N{COMBINING RING ABOVE}": ("r", "mathring"),
}
"""The commands of accents: in text, and in formulas."""

ACCENTS_BELOW = {"\N{COMBINING DOT BELOW}": "d", "\N{COMBINING MACRON BELOW}": "b"}
"""The commands of accents in text, which take whatever stands above."""

DOTLESS = {"i": r"\imath", "j": r"\jmath"}

SHIFTS = {"<super>": "^", "<sub>": "_"}
UNSET = re.compile(r"\\texttt\{U\+([0-9A-F]{4,6})\}")

SHORT_WORD, LONG_RUN = 10, 20
"""Words up to the first length stay whole; in longer words, runs are cut after the second."""


def standalone(fragment: str, packages: Sequence[str]) -> str:
    """Wrap a fragment and the packages that it needs into a document that compiles."""
    lines = [
        r"\documentclass{article}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage[T1]{fontenc}}{}",
        r"\usepackage[a4paper, margin=2cm]{geometry}",
        *packages,
        r"\pagestyle{empty}",
        r"\begin{document}",
        fragment.rstrip("\n"),
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Escape a text so that LaTeX prints it unchanged, on one line; see `tell_unset`."""
    pieces = re.split("(?<=-)(?=-)", one_line(text))  # LaTeX turns two hyphens into a dash
    return "{}".join("".join(map(_set, _letters(piece))) for piece in pieces)


def tell_unset(latex: str) -> str:
    """Name the letters instead of which a LaTeX text prints numbers; empty without any."""
    letters = dict.fromkeys(chr(int(number, 16)) for number in UNSET.findall(latex))
    named = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters)
    return f"LaTeX has no letter for {named}; it prints the number instead" if letters else ""


@cache
def known_letters() -> Mapping[str, str]:
    """Read how LaTeX sets letters beyond ASCII."""
    text = LETTERS.read_text(encoding="utf-8")
    lines = csv.DictReader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {line["letter"]: line["LaTeX"] for line in lines}


def _letters(text: str) -> Iterator[str]:
    """Cut a text into letters, each with its accents; leave out what has no shape."""
    letter = ""
    for character in normalize("NFC", text):
        if category(character)[0] == "C" or "VARIATION SELECTOR" in name(character, ""):
            continue
        if letter and not combining(character):
            yield letter
            letter = ""
        letter += character
    if letter:
        yield letter


def _set(letter: str) -> str:
    """Write a letter, with its accents if it has some, in LaTeX."""
    if letter.isascii():
        return ESCAPES.get(letter, letter)
    known = known_letters()
    return known.get(letter) or _set_accented(letter) or _set_variant(letter) or _number(letter)


def _set_accented(letter: str) -> str:
    """Write a letter with accents; empty if it has none, or one of its parts is unknown."""
    base, *accents = list(normalize("NFD", letter))
    above = [accent for accent in accents if accent in ACCENTS]
    below = [ACCENTS_BELOW[accent] for accent in accents if accent in ACCENTS_BELOW]
    if not accents or len(above) + len(below) < len(accents):
        return ""
    written = _set_under(base, above)
    for command in below:
        written = written and rf"\{command}{{{written}}}"
    return written


def _set_under(base: str, accents: Sequence[str]) -> str:
    """Write a letter under accents, the lowest first; empty if it is unknown.

    In the encoding OT1 only a formula stacks accents: in text, one stands beside the other.
    """
    is_latin = base.isalpha() and base.isascii()
    if is_latin and len(accents) < 2:
        return rf"\{ACCENTS[accents[0]][0]}{{{base}}}" if accents else base
    sign = rf"\mathrm{{{base}}}" if is_latin else known_letters().get(base, "")
    if not is_latin and not sign.startswith("$"):
        return ""
    formula = DOTLESS.get(base, sign.strip("$"))
    for accent in accents:
        formula = rf"\{ACCENTS[accent][1]}{{{formula}}}"
    return f"${formula}$"


def _set_variant(letter: str) -> str:
    """Write a raised, lowered, bold or wide letter by the plain one; empty if it is none."""
    plain = normalize("NFKC", letter)
    if plain == letter:
        return ""
    shift = SHIFTS.get(decomposition(letter[0]).partition(" ")[0])
    inside = escape(plain).strip("$")
    return f"${shift}{{{inside}}}$" if shift else escape(plain)


def _number(letter: str) -> str:
    return "".join(rf"\texttt{{U+{ord(character):04X}}}" for character in letter)


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
