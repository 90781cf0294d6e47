"""Printed gains that are not the difference to the row before."""

from itertools import pairwise

from reports.lint.finding import Check, Examined, Finding
from search_spaces.printed.numbers import (
    NOT_PRINTED,
    Number,
    columns_of,
    printed_scores,
    read_number,
    show,
)
from search_spaces.printed.published import PublishedData


def check_gains(data: PublishedData) -> Examined:
    """Compare each printed gain with the difference of its two cells."""
    numbers = {score.reference: score.number for score in printed_scores(data)}
    for table_id, table in data.tables.items():
        for before, row in pairwise(table.rows):
            for column, text in zip(columns_of(table, row), row.printed_gain, strict=False):
                cell = f"{table_id}/{row.id}/{column}"
                new, old = numbers.get(cell), numbers.get(f"{table_id}/{before.id}/{column}")
                if new and old and text != NOT_PRINTED:
                    stated = read_number(text, table.unit_of(column))
                    fault = difference_fault(new, old, stated)
                    yield Finding(GAINS.name, cell, f"printed gain: {fault}") if fault else None


def difference_fault(new: Number, old: Number, stated: Number) -> str:
    """Say how the difference of two printed numbers deviates from the stated one; "" if it agrees.

    The three numbers are compared at the coarsest precision among them.
    """
    difference = new.value - old.value
    if abs(difference - stated.value) <= max(new.step, old.step, stated.step) / 2:
        return ""
    shown = show(difference, new.unit, min(new.step, old.step))
    return f"{new.text} - {old.text} = {shown}, not {stated.text}"


GAINS = Check(
    "gains",
    "printed gains that are not the difference to the line before",
    "printed gains",
    check_gains,
)
