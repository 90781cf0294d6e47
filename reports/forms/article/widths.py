"""How wide text is in type, and how wide the columns of articles are, all in em of the type.

The letters are those of Computer Modern, which is wider than Times. The page is the narrowest of
three: `article` as it is, IEEEtran, and the style of ACL.
"""

SIZES = (r"\small", r"\footnotesize")

COLUMN_EM = {r"\small": 21.9, r"\footnotesize": 23.6}
"""One of two columns: 219 pt in the style of ACL, where an em is 10 or 9.25 pt."""

TEXT_EM = {r"\small": 37.2, r"\footnotesize": 40.5}
"""The whole text: 345 pt in `article`, where an em is 9.25 or 8.5 pt."""

WIDTHS = {**dict.fromkeys("0123456789+-*", 0.5), **dict.fromkeys(".,:;|'!il()[]/ ", 0.4)}
LOWER, UPPER = 0.53, 0.78
PLUS_MINUS_EM = 1.25
"""The sign in a number, with the space around it."""


def width_of(text: str) -> float:
    """Estimate the width of a text, from above: TeX sets tables at .87 to 1.00 of the estimates."""
    return sum(PLUS_MINUS_EM if c == "±" else WIDTHS.get(c, _letter(c)) for c in text)


def _letter(letter: str) -> float:
    return LOWER if letter.islower() else UPPER
