"""The labels of a clip CSV: columns of 0 and 1, one column of names, or columns of numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpora.readers.clip_cells import LABEL_WORDS, check_printable
from corpora.readers.clip_numbers import are_numbers, are_whole_numbers, read_numbers
from corpora.readers.csv_table import Line
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace, Range
from corpora.source.task import TaskKind

NAME_COLUMNS = ("emotion", "label", "class")
"""Columns that may hold names; the header may use capitals.

The names in a column `class` are classes. Those in the others are emotions, of which an utterance
could have several, unless the user says that the task is multiclass.
"""

CLASS_COLUMN = "class"

MAX_NAME_LETTERS = 100
"""Names of emotions become names of metrics and columns of tables."""

_SEVERAL = re.compile(r"[,;|/+&]")


@dataclass(frozen=True)
class ClipLabels:
    """What a CSV says about labels.

    Attributes:
        space: What they mean.
        of_line: Each line's labels, in the order of the space's names.
        faults: What is wrong; then the labels mean nothing.
    """

    space: LabelSpace
    of_line: Mapping[int, tuple[float, ...]]
    faults: Sequence[str]


def read_labels(
    columns: Sequence[str],
    lines: Mapping[int, Line],
    *,
    has_commas: bool = False,
    task: TaskKind | None = None,
    label_range: Range | None = None,
) -> ClipLabels:
    """Read the labels.

    Args:
        columns: The columns that are nothing else.
        lines: Lines by their numbers.
        has_commas: Whether a comma may be decimal.
        task: What the labels are. None: flags are multilabel, numbers are regression, and names
            are multiclass in a column `class`, else multilabel.
        label_range: Within which all numbers lie, where that is known.
    """
    naming = [name for name in columns if _may_name(name, lines, task)]
    faults = _bad_names(columns) or _bad_columns(columns, naming)
    if faults:
        return _faulty(faults)
    numeric = [name for name in columns if are_numbers(line[name] for line in lines.values())]
    wanted = task or ("regression" if numeric == list(columns) else None)
    faults = _bad_range(label_range, wanted)
    if wanted == "regression" and naming:
        faults += _bad_whole_numbers(naming[0], lines)
    if faults:
        return _faulty(faults)
    if wanted == "regression":
        return _from_numbers(columns, lines, has_commas=has_commas, label_range=label_range)
    if not naming:
        found = _from_flags(columns, lines)
        return _with_one_each(found) if task == "multiclass" and not found.faults else found
    names = _from_names(naming[0], lines)
    is_class = task == "multiclass" or (task is None and naming[0].lower() == CLASS_COLUMN)
    return replace(names, space=replace(names.space, task="multiclass")) if is_class else names


def _faulty(faults: Sequence[str]) -> ClipLabels:
    return ClipLabels(LabelSpace(()), {}, faults)


def _may_name(column: str, lines: Mapping[int, Line], task: TaskKind | None) -> bool:
    """Tell whether a column holds names: by its own name, or because classes are wanted."""
    if task == "regression":
        return False
    has_flags = all(line[column].lower() in LABEL_WORDS for line in lines.values())
    if column.lower() in NAME_COLUMNS:
        return column.lower() != CLASS_COLUMN or not has_flags
    return task == "multiclass" and not has_flags


def _bad_columns(columns: Sequence[str], naming: Sequence[str]) -> list[str]:
    """Say which columns stand beside one of names."""
    others = ", ".join(f"'{name}'" for name in columns if name not in naming[:1])
    if not naming or not others:
        return []
    return [
        f"column '{naming[0]}' names emotions, and {others} would be emotions too; leave out what "
        "is not wanted with --ignore COLUMN"
    ]


def _bad_range(label_range: Range | None, task: TaskKind | None) -> list[str]:
    if label_range is None:
        return []
    if task != "regression":
        return ["a range is only that of numbers, with --task regression"]
    low, high = label_range
    if low < high:
        return []
    return [f"the range {low:g} to {high:g} goes down; write the lower number first"]


def _bad_whole_numbers(column: str, lines: Mapping[int, Line]) -> list[str]:
    """Refuse whole numbers in a column for names: nobody can tell what they are."""
    if not are_whole_numbers(line[column] for line in lines.values()):
        return []
    return [
        f"column '{column}' holds whole numbers, which may be scores or stand for classes: give "
        "--task regression if they are scores; write the classes' names if not"
    ]


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
                f"--ignore {name!r}, or call it 'emotion' if it holds the emotions' names, or give "
                "--task regression if all columns of labels are numbers"
            )
        else:
            faults += [
                f"line {number}, {name}: '{cell}' is not 0 or 1" for number, cell in bad.items()
            ]
    if faults:
        return _faulty(faults)
    labels = {
        number: tuple(LABEL_WORDS[line[name].lower()] for name in columns)
        for number, line in lines.items()
    }
    return ClipLabels(LabelSpace(tuple(columns)), labels, ())


def _with_one_each(flags: ClipLabels) -> ClipLabels:
    """Make classes of flags: each line must have exactly one."""
    faults = [
        f"line {number}: {sum(labels):g} of {', '.join(flags.space.names)} are 1, but an utterance "
        "has one class"
        for number, labels in flags.of_line.items()
        if sum(labels) != 1
    ]
    return replace(flags, space=replace(flags.space, task="multiclass"), faults=faults)


def _from_numbers(
    columns: Sequence[str],
    lines: Mapping[int, Line],
    *,
    has_commas: bool,
    label_range: Range | None,
) -> ClipLabels:
    """Read a column of numbers for each target."""
    values, faults = read_numbers(columns, lines, has_commas=has_commas, label_range=label_range)
    return ClipLabels(LabelSpace(tuple(columns), "regression", label_range), values, faults)


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
    return ClipLabels(LabelSpace(emotions), labels, faults)


def _fault_of_name(name: str) -> str | None:
    if not name:
        return "is empty; name the emotion, such as neutral"
    if name.lower() in LABEL_WORDS or name.lstrip("+-").replace(".", "", 1).isdigit():
        return f"'{name}' is no name of an emotion; write such as happy, or call the column happy"
    if _SEVERAL.search(name):
        return f"'{name}' may be several emotions; make a column of 0 and 1 for each"
    return next(iter(_bad_names([name])), None)
