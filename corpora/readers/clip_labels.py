"""The emotions of a clip CSV: a column of 0 and 1 each, or one column of their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpora.readers.clip_cells import LABEL_WORDS, check_printable
from corpora.readers.csv_table import Line
from corpora.source.errors import CorpusError

NAME_COLUMNS = ("emotion", "label")
"""Columns that may hold names of emotions; the header may use capitals."""

MAX_NAME_LETTERS = 100
"""Names of emotions become names of metrics and columns of tables."""

_SEVERAL = re.compile(r"[,;|/+&]")


@dataclass(frozen=True)
class ClipLabels:
    """What a CSV says about emotions.

    Attributes:
        emotions: Their names.
        of_line: Each line's labels, 0 or 1, in the order of the emotions.
        faults: What is wrong; then the labels mean nothing.
    """

    emotions: tuple[str, ...]
    of_line: Mapping[int, tuple[int, ...]]
    faults: Sequence[str]


def read_labels(columns: Sequence[str], lines: Mapping[int, Line]) -> ClipLabels:
    """Read the emotions.

    Args:
        columns: The columns that are nothing else.
        lines: Lines by their numbers.
    """
    faults = _bad_names(columns)
    if faults:
        return ClipLabels((), {}, faults)
    naming = [name for name in columns if name.lower() in NAME_COLUMNS]
    if not naming:
        return _from_flags(columns, lines)
    if len(columns) > 1:
        others = ", ".join(f"'{name}'" for name in columns if name != naming[0])
        fault = (
            f"column '{naming[0]}' names emotions, and {others} would be emotions too; leave out "
            "what is not wanted with --ignore COLUMN"
        )
        return ClipLabels((), {}, [fault])
    return _from_names(naming[0], lines)


def _bad_names(columns: Sequence[str]) -> list[str]:
    faults = []
    for name in columns:
        try:
            check_printable(name)
        except CorpusError as error:
            faults.append(f"name {error}")
        if len(name) > MAX_NAME_LETTERS:
            faults.append(
                f"name '{name[:20]}...' has {len(name)} letters; an emotion's has at "
                f"most {MAX_NAME_LETTERS}"
            )
    return faults


def _from_flags(columns: Sequence[str], lines: Mapping[int, Line]) -> ClipLabels:
    """Read a column of 0 and 1 for each emotion."""
    faults = []
    for name in columns:
        bad = {
            number: line[name]
            for number, line in lines.items()
            if line[name].lower() not in LABEL_WORDS
        }
        if len(bad) == len(lines) > 1:
            faults.append(
                f"column '{name}': no cell is 0 or 1, so it is no emotion; leave it out with "
                f"--ignore {name!r}, or call it 'emotion' if it holds the emotions' names"
            )
        else:
            faults += [
                f"line {number}, {name}: '{cell}' is not 0 or 1" for number, cell in bad.items()
            ]
    if faults:
        return ClipLabels(tuple(columns), {}, faults)
    labels = {
        number: tuple(LABEL_WORDS[line[name].lower()] for name in columns)
        for number, line in lines.items()
    }
    return ClipLabels(tuple(columns), labels, ())


def _from_names(column: str, lines: Mapping[int, Line]) -> ClipLabels:
    """Read one column that names the emotion of each line."""
    named = {number: line[column] for number, line in lines.items()}
    faults = [
        f"line {number}, {column}: {fault}"
        for number, name in named.items()
        if (fault := _fault_of_name(name))
    ]
    spellings: dict[str, str] = {}
    for number, name in named.items():
        known = spellings.setdefault(name.lower(), name)
        if name != known:
            faults.append(f"line {number}, {column}: '{name}' was '{known}' before; write one")
    emotions = tuple(sorted(spellings.values()))
    labels = {
        number: tuple(int(name == emotion) for emotion in emotions)
        for number, name in named.items()
    }
    return ClipLabels(emotions, labels, faults)


def _fault_of_name(name: str) -> str | None:
    if not name:
        return "is empty; name the emotion, such as neutral"
    if name.lower() in LABEL_WORDS or name.lstrip("+-").replace(".", "", 1).isdigit():
        return f"'{name}' is no name of an emotion; write such as happy, or call the column happy"
    if _SEVERAL.search(name):
        return f"'{name}' may be several emotions; make a column of 0 and 1 for each"
    return next(iter(_bad_names([name])), None)
