"""How many utterances of a test split have each emotion, as a paper prints it."""

from dataclasses import dataclass

from search_spaces.printed.numbers import columns_of
from search_spaces.printed.published import PublishedData


@dataclass(frozen=True)
class Support:
    """How many utterances have an emotion, and how many do not."""

    positives: int
    negatives: int


def supports_of(data: PublishedData, corpus: str) -> dict[str, Support]:
    """Read the counts of a corpus's test split, by emotion."""
    printed = data.supports[corpus]
    row = data.row(printed.positives)
    columns = columns_of(data.table(printed.positives.partition("/")[0]), row)
    total = _count(data, printed.utterances)
    return {
        data.names.get(column, column): Support(int(count), total - int(count))
        for column, count in zip(columns, row.values, strict=True)
        if f"{printed.positives}/{column}" != printed.utterances
    }


def _count(data: PublishedData, reference: str) -> int:
    """Read the count in a cell, `table/row/column`."""
    row_reference, _, column = reference.rpartition("/")
    row = data.row(row_reference)
    columns = columns_of(data.table(reference.partition("/")[0]), row)
    return int(row.values[columns.index(column)])
