"""Where the spread of a score comes from: seeds, single random streams, and the test set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from reports.scores.cells import Cell, Outcome, SeedScore
from reports.statistics.variance import Variance, variance_of
from reports.tables.blocks import Unit
from search_spaces.study import Column, Study

SEEDS, TEST_SET = "seeds", "test set"


@dataclass(frozen=True)
class Part:
    """A variance of a score, a square of fractions; `scores` are those that it comes from.

    The variance over test sets has no scores of its own.
    """

    variance: Variance
    scores: tuple[SeedScore, ...] = ()

    @property
    def num(self) -> int:
        """The number of seeds, or of clusters of the test set."""
        return self.variance.df + 1

    @property
    def std(self) -> float:
        """The standard deviation."""
        return sqrt(self.variance.value)

    @property
    def std_interval(self) -> tuple[float, float]:
        """Its 95 % chi-square interval."""
        low, high = self.variance.interval
        return sqrt(low), sqrt(high)


@dataclass(frozen=True)
class Spread:
    """The variances of a row's score in a column.

    `parts` are over seeds, in which all random streams vary, over the seeds of single streams, and
    over test sets. The last is that of the seed-averaged score; it is missing if it is not known.
    """

    corpus: str
    row: str
    column: Column
    parts: Mapping[str, Part]

    def share(self, name: str) -> float | None:
        """Return a part's share of the variance of one seed on another test set; None if that is 0.

        Single streams are parts of the seeds. With those that were not varied, and with what they
        do together, they add up to them.
        """
        total = sum(
            self.parts[one].variance.value for one in (SEEDS, TEST_SET) if one in self.parts
        )
        return self.parts[name].variance.value / total if total else None

    @property
    def help(self) -> Literal["seeds", "test data"] | None:
        """What would narrow the row's mean more; None if the trials do not tell.

        The variance of the mean over seeds is compared with that over test sets (F, two-sided
        95 %).
        """
        if TEST_SET not in self.parts or not self.parts[TEST_SET].variance.value:
            return None
        seeds = self.parts[SEEDS]
        of_mean = Variance(seeds.variance.value / seeds.num, seeds.variance.df)
        low, high = of_mean.ratio_interval(self.parts[TEST_SET].variance)
        return "seeds" if low > 1 else "test data" if high < 1 else None


def measure_spread(study: Study, outcome: Outcome) -> list[Spread]:
    """Measure the spread of the baseline row in each column; averages alone if there are any.

    It is empty if no random stream was varied alone, and leaves out what has one score only.
    """
    varied = outcome.varied
    if varied is None:
        return []
    number = [row.name for row in study.rows].index(varied.row)
    columns = study.columns_for(outcome.family)
    has_averages = any(column.emotion is None for column in columns)
    found = []
    for place, (column, cell) in enumerate(zip(columns, outcome.cells[number], strict=True)):
        if (has_averages and column.emotion) or cell.why_void or cell.num_scores < 2:
            continue
        of_parts: dict[str, Cell] = {
            SEEDS: cell,
            **{name: cells[place] for name, cells in varied.cells.items()},
        }
        parts = {
            name: Part(variance_of(np.array([one.score for one in of_part.scores])), of_part.scores)
            for name, of_part in of_parts.items()
            if of_part.num_scores > 1
        }
        if (over_test_sets := varied.test_sets[place]) is not None:
            value, num_clusters = over_test_sets
            parts[TEST_SET] = Part(Variance(value, num_clusters - 1))
        found.append(Spread(outcome.corpus, varied.row, column, parts))
    return found


def tell_spread(spreads: Sequence[Spread], unit: Unit, place: str) -> Iterable[str]:
    """Say where the spread of a row comes from in each column, and what would help."""
    if spreads:
        columns = " ".join(_tell_column(spread, unit) for spread in spreads)
        yield (
            f"Spread of '{spreads[0].row}' on {place}: standard deviation (95 % interval) and "
            f"share of {name_whole(spreads)}. {columns}"
        )


def name_whole(spreads: Sequence[Spread]) -> str:
    """Name what the parts are shares of."""
    is_redrawn = all(TEST_SET in spread.parts for spread in spreads)
    return f"the variance of one seed{' on another test set' * is_redrawn}"


def tell_help(spread: Spread) -> str:
    """Say what would narrow the row's mean more: more seeds or more test data."""
    seeds = f"{spread.parts[SEEDS].num} seeds"
    match spread.help:
        case "seeds":
            return f"beyond {seeds}, more seeds would help more than more test data"
        case "test data":
            return f"beyond {seeds}, more test data would help more than more seeds"
        case None:
            return f"{seeds} do not tell whether more seeds or more test data would help more"


def name_part(name: str, num: int) -> str:
    """Name a part with its number of seeds or clusters."""
    match name:
        case "seeds":
            return f"{num} seeds"
        case "test set":
            return f"test set of {num} clusters"
        case _:
            return f"{num} of {name} alone"


def _tell_column(spread: Spread, unit: Unit) -> str:
    unit = unit.of(spread.column.metric)
    parts = ", ".join(_tell_part(name, spread, unit) for name in spread.parts)
    return f"{spread.column.title}: {parts}; {tell_help(spread)}."


def _tell_part(name: str, spread: Spread, unit: Unit) -> str:
    part, share = spread.parts[name], spread.share(name)
    low, high = map(unit.show, part.std_interval)
    told = f"{name_part(name, part.num)} {unit.show(part.std)} ({low} to {high})"
    return told if share is None else f"{told} {100 * share:.0f} %"
