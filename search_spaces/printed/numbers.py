"""Printed scores as exact fractions, each with the interval that rounds to it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from search_spaces.printed.published import PublishedData, PublishedRow, PublishedTable

AVERAGE = "Avg"
"""The column name for the mean over the emotions."""

NOT_PRINTED = "-"
"""The text of a cell without a value."""

ONE = {"percent": Fraction(1, 100), "fraction": Fraction(1)}
"""The value of a printed 1, as a fraction, by the unit of its table."""

NUMBER = re.compile(r"[-+]?\d{1,30}(\.\d{1,30})?", re.ASCII)


@dataclass(frozen=True)
class Number:
    """An exact printed number: `value` is a fraction, `step` is one unit of its last digit."""

    text: str
    unit: str
    value: Fraction
    step: Fraction

    @property
    def low(self) -> Fraction:
        """The smallest value that rounds to this one."""
        return self.value - self.step / 2

    @property
    def high(self) -> Fraction:
        """The largest value that rounds to this one."""
        return self.value + self.step / 2

    def text_in(self, unit: str) -> str:
        """Write the number in percent or as a fraction, with as many digits as `text` has."""
        decimals = len(self.text.partition(".")[2])
        return show(self.value, unit, ONE[self.unit] / 10**decimals)


def read_number(text: str, unit: str) -> Number:
    """Read a printed number of a table in percent or fractions.

    Raises:
        ValueError: If the text is not a number such as `85.9`.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' is not a number such as 85.9")
    decimals = len(text.partition(".")[2])
    return Number(text, unit, Fraction(text) * ONE[unit], ONE[unit] / 10**decimals)


def mean_of(numbers: Sequence[Number]) -> Number:
    """Average printed numbers, to one digit more than they have.

    `low` and `high` bound the mean: rounding may have moved all numbers in the same direction.
    """
    value = sum((number.value for number in numbers), Fraction()) / len(numbers)
    step = sum((number.step for number in numbers), Fraction()) / len(numbers)
    return Number(show(value, numbers[0].unit, step / 10), numbers[0].unit, value, step)


def show(value: Fraction, unit: str, step: Fraction) -> str:
    """Write a fraction in a table's unit, with the decimals of a step."""
    decimals = 0
    while step / ONE[unit] * 10**decimals < 1:
        decimals += 1
    return f"{float(value / ONE[unit]):.{decimals}f}"


class Quantity(NamedTuple):
    """What a column is about; the emotion is `Avg` for the mean over the emotions."""

    corpus: str
    emotion: str
    metric: str


@dataclass(frozen=True)
class PrintedScore:
    """One printed score and where it stands; `sign` is -1 where lower is better."""

    table: str
    row: PublishedRow
    column: str
    quantity: Quantity
    number: Number
    bold: bool
    sign: int = 1

    @property
    def gain(self) -> Fraction:
        """The value, or its negative where lower is better: the higher, the better."""
        return self.sign * self.number.value

    @property
    def row_reference(self) -> str:
        """The row of the score, as `table/row`."""
        return f"{self.table}/{self.row.id}"

    @property
    def reference(self) -> str:
        """The cell, as `table/row/column`."""
        return f"{self.row_reference}/{self.column}"


def printed_scores(data: PublishedData) -> list[PrintedScore]:
    """List every score of the tables in percent or fractions; tables of counts are left out."""
    return [
        PrintedScore(
            table=table_id,
            row=row,
            column=column,
            quantity=_quantity(column, table.dataset, data.names),
            number=read_number(text, table.unit_of(column)),
            bold=index in row.bold,
            sign=table.sign_of(column),
        )
        for table_id, table in data.tables.items()
        if table.unit in ONE
        for row in table.rows
        for index, (column, text) in enumerate(zip(columns_of(table, row), row.values, strict=True))
        if text != NOT_PRINTED
    ]


def by_column(scores: Iterable[PrintedScore]) -> list[list[PrintedScore]]:
    """Group scores by table and column."""
    columns = defaultdict(list)
    for score in scores:
        columns[score.table, score.column].append(score)
    return list(columns.values())


def by_row(scores: Iterable[PrintedScore]) -> list[list[PrintedScore]]:
    """Group scores by table and row."""
    rows = defaultdict(list)
    for score in scores:
        rows[score.row_reference].append(score)
    return list(rows.values())


def parts_of(average: Quantity, row: Sequence[PrintedScore]) -> list[Number]:
    """List the numbers of a row that an average is over; none if the row lacks a value."""
    if NOT_PRINTED in row[0].row.values:
        return []
    return [
        score.number
        for score in row
        if score.quantity.emotion != AVERAGE and score.quantity._replace(emotion=AVERAGE) == average
    ]


def averages_of(row: Sequence[PrintedScore]) -> dict[Quantity, Number]:
    """Return a row's averages over the emotions: as printed, or else the means of its cells."""
    averages = {}
    for average in {score.quantity._replace(emotion=AVERAGE) for score in row}:
        printed = [score.number for score in row if score.quantity == average]
        parts = parts_of(average, row)
        if printed or parts:
            averages[average] = printed[0] if printed else mean_of(parts)
    return averages


def columns_of(table: PublishedTable, row: PublishedRow) -> tuple[str, ...]:
    """Return the columns of a row: its own if it has any, else the table's."""
    return row.columns or table.columns


def _quantity(column: str, dataset: str, names: Mapping[str, str]) -> Quantity:
    """Read `Angry.F1` in a table about one corpus, or `IEMOCAP.F1` in one about several."""
    first, _, metric = (names.get(part, part) for part in column.rpartition("."))
    if dataset:
        return Quantity(names.get(dataset, dataset), first or AVERAGE, metric)
    return Quantity(first, AVERAGE, metric)
