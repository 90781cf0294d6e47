"""Cells of a clip CSV as people write them: times, numbers, splits, and flags of emotions.

What can mean two things is refused.
"""

import math
import re
import unicodedata

from corpora.source.errors import CorpusError
from corpora.source.split import Split

SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "development": "valid",
    "test": "test",
    "testing": "test",
}
LABEL_WORDS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
"""How splits and labels are written, in small letters."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_CLOCK = re.compile(r"(\d{1,5}):([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)", re.ASCII)
_SHORT_CLOCK = re.compile(r"(\d{1,5}):(\d\d(?:[.,]\d+)?)", re.ASCII)
_COMMA = re.compile(r"([+-]?\d+),(\d+)", re.ASCII)
_LIKE_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+|nan|inf|infinity)(e[+-]?\d+)?", re.IGNORECASE)


def read_time_s(cell: str, *, has_commas: bool) -> float:
    """Read a time since the start of a file: seconds, or hours:minutes:seconds.

    Args:
        cell: The cell.
        has_commas: Whether a comma may be decimal, because other signs stand between cells.

    Raises:
        CorpusError: If it is none, or its meaning is not certain.
    """
    if clock := _CLOCK.fullmatch(cell):
        hours, minutes, seconds = clock.groups()
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds.replace(",", "."))
    if short := _SHORT_CLOCK.fullmatch(cell):
        raise CorpusError(
            f"'{cell}' can mean minutes or hours; write 00:{short[1]:0>2}:{short[2]} if minutes"
        )
    number = _number(cell, has_commas=has_commas)
    if number is None:
        raise CorpusError(f"'{cell}' is not a time in seconds, such as 1.5, or as 00:00:01.5")
    return number


def read_number(cell: str, *, has_commas: bool) -> float:
    """Read the value of a target.

    Args:
        cell: The cell.
        has_commas: Whether a comma may be decimal, because other signs stand between cells.

    Raises:
        CorpusError: If it is no finite number, or its meaning is not certain.
    """
    if not cell:
        raise CorpusError("is empty; a target needs a number in each line")
    number = _number(cell, has_commas=has_commas)
    if number is None:
        raise CorpusError(f"'{cell}' is not a number, such as 1.5")
    return number


def is_like_number(cell: str) -> bool:
    """Tell whether a cell is meant to be a number, however it is written."""
    return _LIKE_NUMBER.fullmatch(cell) is not None


def _number(cell: str, *, has_commas: bool) -> float | None:
    """Read a finite number; None if it is none.

    Raises:
        CorpusError: If its meaning is not certain.
    """
    if comma := _COMMA.fullmatch(cell):
        point = f"{comma[1]}.{comma[2]}"
        if len(comma[2]) == 3 and comma[1].strip("+-0"):  # 0,500 is no number of thousands
            raise CorpusError(f"'{cell}' can mean {point} or {comma[1]}{comma[2]}; write a point")
        if not has_commas:
            raise CorpusError(f"'{cell}' has a decimal comma; write {point}")
        return float(point)
    if not _NUMBER.fullmatch(cell) or math.isinf(float(cell)):
        return None
    return float(cell)


def read_split(cell: str) -> Split:
    """Read the name of a split, in any letters; `dev` and `val` are the validation split.

    Raises:
        CorpusError: If it is none.
    """
    split = SPLIT_WORDS.get(cell.lower())
    if split is None:
        raise CorpusError(f"'{cell}' is none of train, valid (also val, dev), test")
    return split


def check_printable(cell: str) -> None:
    """Make sure that a name can be shown: a control character could rewrite the terminal.

    Raises:
        CorpusError: If it holds one.
    """
    if any(unicodedata.category(letter) == "Cc" for letter in cell):
        raise CorpusError(f"{cell!r} holds a control character; remove it")
