"""Columns of a clip CSV that hold numbers, such as how positive an utterance is."""

from collections.abc import Iterable, Mapping, Sequence

from corpora.readers.clip_cells import LABEL_WORDS, is_like_number, read_number
from corpora.readers.csv_table import Line
from corpora.source.errors import CorpusError
from corpora.source.label_space import Range


def are_numbers(cells: Iterable[str]) -> bool:
    """Tell whether most cells of a column are numbers other than 0 and 1."""
    filled = [cell for cell in cells if cell]
    numbers = [cell for cell in filled if is_like_number(cell) and cell not in LABEL_WORDS]
    return len(numbers) > len(filled) / 2


def are_whole_numbers(cells: Iterable[str]) -> bool:
    """Tell whether all cells of a column are whole numbers, which may stand for names."""
    return all(cell.isdecimal() for cell in cells)


def read_numbers(
    columns: Sequence[str],
    lines: Mapping[int, Line],
    *,
    has_commas: bool,
    label_range: Range | None,
) -> tuple[dict[int, tuple[float, ...]], list[str]]:
    """Read the values of targets.

    Returns:
        Each line's values in the order of the columns, and what is wrong, with line and column.
    """
    values: dict[int, tuple[float, ...]] = {}
    faults = []
    for number, line in lines.items():
        found = []
        for name in columns:
            try:
                found.append(_read(line[name], has_commas=has_commas, label_range=label_range))
            except CorpusError as error:
                faults.append(f"line {number}, {name}: {error}")
        values[number] = tuple(found)
    return values, faults


def _read(cell: str, *, has_commas: bool, label_range: Range | None) -> float:
    value = read_number(cell, has_commas=has_commas)
    if label_range is not None and not label_range[0] <= value <= label_range[1]:
        low, high = label_range
        raise CorpusError(f"{cell} is outside of {low:g} to {high:g}")
    return value
