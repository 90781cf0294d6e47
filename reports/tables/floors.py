"""The floors under a table: their scores, which rows do not rise above them, and their notes."""

from collections.abc import Iterable, Sequence

import numpy as np

from corpora.source.task import TaskKind
from reports.scores.cells import Cell, Outcome
from reports.scores.floors import FLOORS, FloorName
from reports.statistics.gap import paired_gap
from reports.statistics.multiplicity import holm
from reports.tables.blocks import OursBlock
from reports.tables.differences import LEVEL, MIN_PAIRS
from reports.tables.note import Note
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Column

WORDS: dict[FloorName, str] = {"chance": "not told from chance", "linear": "below linear"}
"""What is said of a row that does not rise above a floor."""

WORSE: dict[FloorName, str] = {"linear": "above linear"}
"""What is said instead where lower scores are better."""

CHANCE_NOTE = (
    "chance: the best constant classifier of each emotion, chosen on validation by the metric of "
    "the column. A row is told from it by a one-sided t-test over seeds "
    f"({LEVEL}, Holm-corrected within the column); with fewer than {MIN_PAIRS} seeds, by its mean."
)


LINEAR: dict[TaskKind, tuple[str, str, str]] = {
    "multilabel": ("logistic regression", "each emotion", "penalty and thresholds"),
    "multiclass": ("logistic regression", "the classes", "penalty"),
    "regression": ("ridge regression", "each target", "penalty"),
}
"""The linear model of each kind of task, what it predicts, and what validation chooses."""


def score_floors(
    outcome: Outcome, columns: Sequence[Column]
) -> tuple[tuple[float | None, ...], ...]:
    """Score each floor in each column; empty if the floors have not been made."""
    floors = outcome.floors
    if floors is None:
        return ()
    return tuple(
        tuple(floors.find(floor, column.metric, column.emotion) for column in columns)
        for floor in FLOORS
    )


def mark_rows(block: OursBlock, place: str) -> list[list[str]]:
    """Say of each row which floors it does not rise above, and in which columns.

    It is said of averages over the emotions, and of single emotions only if there are no averages.
    Incomplete and void cells are compared with nothing.
    """
    texts: list[list[str]] = [[] for _ in block.cells]
    if not block.floors:
        return texts
    has_averages = any(column.emotion is None for column in block.columns)
    places = [n for n, c in enumerate(block.columns) if c.emotion is None or not has_averages]
    columns = list(zip(*block.cells, strict=True))
    for floor, scores in zip(FLOORS, block.floors, strict=True):
        find = _not_told if floor == "chance" else _below
        flags = [find(columns[n], scores[n], block) for n in places]
        for row, of_row in enumerate(zip(*flags, strict=True)):
            titles: dict[str, list[str]] = {}
            for n, flag in zip(places, of_row, strict=True):
                if flag:
                    column = block.columns[n]
                    is_lower = find_metric(column.metric).sign < 0
                    words = WORSE.get(floor, WORDS[floor]) if is_lower else WORDS[floor]
                    titles.setdefault(words, []).append(column.title)
            for words, named in titles.items():
                where = "" if len(named) == len(places) else f" in {', '.join(named)}"
                texts[row].append(f"{words} on {place}{where}")
    return texts


def floor_notes(outcomes: Iterable[Outcome]) -> Iterable[Note]:
    """Explain the two rows: how they are chosen, and what the linear classifier reads."""
    facts = [outcome.floors.facts for outcome in outcomes if outcome.floors is not None]
    if not facts:
        return
    yield Note(CHANCE_NOTE, "chance: best constant classifier")
    recipes: dict[tuple[TaskKind, str], list[str]] = {}
    for one in facts:
        place = f"'{one.corpus.recipe}' on {one.corpus.name}"
        recipes.setdefault((one.task, one.features), []).append(place)
    for (task, features), names in recipes.items():
        model, things, chosen = LINEAR[task]
        yield Note(
            f"linear: {model} of {things} on {features} (recipe "
            f"{', '.join(dict.fromkeys(names))}); {chosen} chosen on validation.",
            f"linear: {model}",
        )


def _not_told(cells: Sequence[Cell], floor: float | None, _: OursBlock) -> list[bool]:
    """Find the cells of a column whose mean no test tells to be better than chance."""
    if floor is None:
        return [False] * len(cells)
    compared = [_is_compared(cell) for cell in cells]
    tested = [n for n, cell in enumerate(cells) if compared[n] and cell.num_scores >= MIN_PAIRS]
    p_values = holm([_p_not_above(cells[n], floor) for n in tested])
    not_told = {n for n, p in zip(tested, p_values, strict=True) if p >= LEVEL}
    return [
        n in not_told if n in tested else compared[n] and _gain(cell, floor) <= 0
        for n, cell in enumerate(cells)
    ]


def _p_not_above(cell: Cell, floor: float) -> float:
    """Return the one-sided p of H0: the mean over seeds is no better than the floor."""
    gains = np.array([seed.score for seed in cell.scores]) - floor
    gap = paired_gap(find_metric(cell.metric).sign * gains, cell.test_share)
    return gap.p_not_above(0.0)


def _gain(cell: Cell, floor: float) -> float:
    """Return by how much the mean over seeds is better than a floor."""
    return find_metric(cell.metric).sign * ((cell.mean or 0.0) - floor)


def _below(cells: Sequence[Cell], floor: float | None, block: OursBlock) -> list[bool]:
    """Find the cells of a column whose mean, as printed, is worse than that of a floor."""
    if floor is None:
        return [False] * len(cells)
    unit, sign = block.unit.of(cells[0].metric), find_metric(cells[0].metric).sign
    shown = sign * float(unit.show(floor))
    return [_is_compared(c) and sign * float(unit.show(c.mean or 0.0)) < shown for c in cells]


def _is_compared(cell: Cell) -> bool:
    return cell.complete and not cell.why_void
