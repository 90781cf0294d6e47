"""The noise floor of a table: its baseline row against itself, on seeds that no other row has."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from operator import itemgetter

import numpy as np

from reports.scores.cells import Cell, Outcome
from reports.statistics.gap import Gap, Scores, independent_gap
from reports.tables.blocks import Block, PublishedBlock, PublishedCell, Unit
from search_spaces.study import Column, Study

LEVEL = 0.95

NUMBER = re.compile(r"[-+]?\d*\.?\d+")
"""A printed score; what papers print for a missing one is none."""


@dataclass(frozen=True)
class Control:
    """The number of the baseline row, and the keys of its own seeds and of its control's."""

    row: int
    own: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Noise:
    """The gap of a row's scores in a column to those of its control, and their common spread.

    `floor` is the size that the gap of two equal rows, each of so many seeds, has at most in 95 %
    of cases. All are fractions.
    """

    column: Column
    gap: Gap
    spread: float
    floor: float


def measure_noise(study: Study, outcome: Outcome) -> list[Noise]:
    """Compare the baseline row with its control in each column; averages alone if there are any."""
    control = find_control(study, outcome)
    if control is None:
        return []
    columns = study.columns_for(outcome.family)
    has_averages = any(column.emotion is None for column in columns)
    found = []
    for column, cell in zip(columns, outcome.cells[control.row], strict=True):
        own, other = (_scores_of(cell, keys) for keys in (control.own, control.keys))
        if min(len(own), len(other)) < 2 or (has_averages and column.emotion) or cell.why_void:
            continue
        gap = independent_gap(own, other)
        low, high = gap.interval(LEVEL)
        spread = gap.std_error / sqrt(1 / len(own) + 1 / len(other))
        found.append(Noise(column, gap, spread, floor=(high - low) / 2))
    return found


def tell_noise(study: Study, outcome: Outcome, unit: Unit, place: str) -> Iterable[str]:
    """Say how the baseline row compares with itself."""
    control, noise = find_control(study, outcome), measure_noise(study, outcome)
    if control and noise:
        parts = [
            f"{one.column.title} {shown.show_signed(one.gap.mean)} (spread "
            f"{shown.show(one.spread)}, floor {shown.show(one.floor)})"
            for one in noise
            for shown in [unit.of(one.column.metric)]
        ]
        yield (
            f"Noise floor on {place}: '{study.rows[control.row].name}' on {len(control.own)} seeds "
            f"minus itself on {len(control.keys)} others: {', '.join(parts)}. Gaps of equal rows "
            f"lie below the floor in {100 * LEVEL:.0f} % of cases."
        )


def tell_small_gaps(
    number: int, study: Study, outcome: Outcome, blocks: Sequence[Block], place: str
) -> Iterable[str]:
    """Say in which columns a row's printed gap to the baseline row is below the noise floor."""
    control = find_control(study, outcome)
    if control is None or control.row == number:
        return
    floors = {one.column: one.floor for one in measure_noise(study, outcome)}
    printed = [b for b in blocks if isinstance(b, PublishedBlock) and b.corpus == outcome.family]
    small = [
        column.title
        for block in printed
        for column, *cells in zip(
            block.columns, block.cells[number], block.cells[control.row], strict=True
        )
        if column in floors and _is_below(floors[column], cells, block.unit_of(column))
    ]
    if small:
        yield (
            f"the printed gap to '{study.rows[control.row].name}' is below the noise floor on "
            f"{place} in {', '.join(small)}"
        )


def find_control(study: Study, outcome: Outcome) -> Control | None:
    """Find the seeds of the baseline row beyond the most that any other row has.

    With adaptive seeds they are no control, for there a row has more seeds because of its scores.
    Nor are they where others made the scores, who may have run as many seeds as they liked, or
    where folds make the scores of one row dependent.
    """
    names = [row.name for row in study.rows]
    (_, second), (longest, most) = sorted(
        [("", 0), *((name, len(outcome.planned[name])) for name in names)], key=itemgetter(1)
    )[-2:]
    if outcome.looks or outcome.is_given or outcome.has_folds or not 0 < second < most:
        return None
    if study.find_baseline_row(outcome.family, outcome.scale) != longest:
        return None
    keys = outcome.planned[longest]
    return Control(names.index(longest), keys[:second], keys[second:])


def _is_below(floor: float, cells: Sequence[PublishedCell | None], unit: str) -> bool:
    """Whether the gap of two printed cells is smaller than a floor; never if one is not printed."""
    texts = [cell.text if cell else "" for cell in cells]
    if not all(map(NUMBER.fullmatch, texts)):
        return False
    one, other = map(float, texts)
    return abs(one - other) / (100 if unit == "percent" else 1) < floor


def _scores_of(cell: Cell, keys: Sequence[str]) -> Scores:
    return np.array([one.score for one in cell.scores if one.key in keys])
