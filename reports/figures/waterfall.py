"""Scores as components are added one by one (Le et al., Table 5; Xia et al. 2022, Table 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.averages import (
    MIN_SEEDS,
    Average,
    PrintedScore,
    collect_averages,
    tell_printed,
)
from reports.figures.style import COLOURS, COLUMN_WIDTH_IN, FULL_WIDTH_IN, GREY, Drawing, in_style
from reports.figures.words import name_axis, show_name, tell_scores, write_figure_caption
from reports.scores.cells import Outcome
from reports.statistics.gap import paired_gap
from reports.tables.blocks import Unit
from search_spaces.chains import find_chains
from search_spaces.metrics.metric import Metric
from search_spaces.study import Study

MAX_CHAINS = 2
MAX_NARROW_PANELS = 1
LINE_IN, GAP_IN, FRAME_IN = 0.115, 0.14, 0.55
BAR_HEIGHT = 0.6
IN_MARGIN = ("axes fraction", "data")
"""The coordinates of the numbers beside a panel."""


@dataclass(frozen=True)
class Step:
    """One row of a chain: its mean score, and the paired difference to the row before it.

    The first row has no `difference`, and neither has a row if it or the row before takes no part
    in comparisons. `interval` is None with fewer than three seeds.
    """

    row: str
    mean: float
    difference: float | None
    interval: tuple[float, float] | None
    printed: PrintedScore | None


@dataclass(frozen=True)
class Waterfall:
    """One metric along one chain, over the seeds that all its rows have in common."""

    chain: int
    header: str
    metric: Metric
    num_seeds: int
    steps: tuple[Step, ...]


def draw_waterfall(study: Study, outcome: Outcome) -> Drawing | None:
    """Draw how much each component adds to the score of the row without it.

    Returns:
        Nothing if the study has no chain of three rows, or if the rows of each chain have no
        finished seed in common.
    """
    chains = find_chains(study.rows)
    averages = collect_averages(study, outcome)
    climbed = [[_climb(n, chain, a) for a in averages] for n, chain in enumerate(chains)]
    whole = [[fall for fall in line if fall] for line in climbed if line and all(line)]
    falls = whole[:MAX_CHAINS]
    if not falls:
        return None
    every = [fall for line in falls for fall in line]
    return Drawing(
        name=f"{study.name}-waterfall",
        title=f"{study.title}: what each adds",
        caption=write_figure_caption(study, outcome, *_describe(every, len(chains) - len(falls))),
        figure=_draw(falls),
        data=pd.DataFrame(_line(fall, step) for fall in every for step in fall.steps),
    )


def _climb(number: int, chain: Sequence[str], average: Average) -> Waterfall | None:
    """Compute the steps of a chain; None if its rows have no seed, or seed and fold, in common."""
    places = {cell.row: place for place, cell in enumerate(average.cells)}
    cells = [average.cells[places[row]] for row in chain]
    seeds = sorted(set.intersection(*(set(cell.by_pair) for cell in cells)))
    if not seeds:
        return None
    scores = [np.array([cell.by_pair[seed].score for seed in seeds]) for cell in cells]
    gaps = [None, *(later - earlier for earlier, later in pairwise(scores))]
    is_void = [bool(cell.why_void) for cell in cells]
    steps = (
        Step(
            row=row,
            mean=fmean(score),
            difference=None if gap is None or any(void) else fmean(gap),
            interval=None
            if gap is None or any(void) or len(seeds) < MIN_SEEDS
            else paired_gap(gap, cells[0].test_share).interval(),
            printed=average.printed[places[row]],
        )
        for row, score, gap, void in zip(
            chain, scores, gaps, zip([False, *is_void], is_void, strict=False), strict=True
        )
    )
    return Waterfall(number, average.header, average.metric, len(seeds), tuple(steps))


def _describe(falls: Sequence[Waterfall], num_other_orders: int) -> list[str]:
    counts = sorted({fall.num_seeds for fall in falls})
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    seeds = "one seed" if number == "1" else f"{number} seeds"
    metrics = [fall.metric for fall in falls]
    units = tell_scores(metrics)
    is_plain = any(metric.unit == "plain" for metric in metrics)
    gains = "difference to the row above" if is_plain else "gain over the row above, in points"
    sentences = [
        f"Test scores {units}, as components are added from top to "
        f"bottom: means over the {seeds} that all rows have; numbers: {gains}, paired by seed."
    ]
    if any(step.interval for fall in falls for step in fall.steps):
        sentences.append("Error bars and brackets: 95 % Student t interval of the gain.")
    printed = [step.printed for fall in falls for step in fall.steps]
    sentences.append(tell_printed(printed, "Hollow diamonds"))
    if len({fall.chain for fall in falls}) > 1:
        sentences.append("The panels differ in the order in which the same components are added.")
    if num_other_orders:
        sentences.append(f"Other orders of adding them that are not shown: {num_other_orders}.")
    return sentences


def _line(fall: Waterfall, step: Step) -> dict[str, object]:
    low, high = step.interval or (None, None)
    return {
        "chain": fall.chain,
        "metric": fall.header,
        "row": step.row,
        "mean_fraction": step.mean,
        "difference_fraction": step.difference,
        "low_fraction": low,
        "high_fraction": high,
        "num_seeds": fall.num_seeds,
        "published_fraction": step.printed.score if step.printed else None,
        "published_is_derived": step.printed.is_derived if step.printed else None,
    }


def _draw(falls: Sequence[Sequence[Waterfall]]) -> Figure:
    names = [[show_name(step.row) for step in line[0].steps] for line in falls]
    num_lines = max(name.count("\n") for line in names for name in line) + 1
    num_columns = len(falls[0])
    height = FRAME_IN + sum(len(line) for line in names) * (GAP_IN + LINE_IN * num_lines)
    width = COLUMN_WIDTH_IN if num_columns <= MAX_NARROW_PANELS else FULL_WIDTH_IN
    with in_style():
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(len(falls), num_columns, sharex="col", sharey="row", squeeze=False)
        for panels, line, rows in zip(grid, falls, names, strict=True):
            for axes, fall in zip(panels, line, strict=True):
                _draw_panel(axes, fall)
            panels[0].set_yticks(range(len(rows)), rows)
            panels[0].set_ylim(len(rows) - 0.5, -0.5)
        for axes, fall in zip(grid[-1], falls[-1], strict=True):
            axes.set_xlabel(name_axis(fall.metric, fall.header))
    return figure


def _draw_panel(axes: Axes, fall: Waterfall) -> None:
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    axes.use_sticky_edges = False
    first, factor = fall.steps[0], fall.metric.factor
    axes.plot(factor * first.mean, 0, marker="o", color="black")
    for place, (before, step) in enumerate(pairwise(fall.steps), start=1):
        _draw_step(axes, place, before.mean, step, fall.metric)
    printed = [(place, s.printed.score) for place, s in enumerate(fall.steps) if s.printed]
    if printed:
        axes.plot(
            [factor * score for _, score in printed],
            [place for place, _ in printed],
            linestyle="",
            marker="D",
            markersize=4.5,
            markerfacecolor="none",
            markeredgecolor=COLOURS[3],
        )


def _draw_step(axes: Axes, place: int, before: float, step: Step, metric: Metric) -> None:
    """Draw a bar from the score of the row above to the score of this row."""
    factor = metric.factor
    if step.difference is None:
        axes.plot(factor * step.mean, place, marker="o", color=GREY, markerfacecolor="white")
        axes.annotate("not compared", (1.02, place), xycoords=IN_MARGIN, va="center", fontsize=7)
        return
    difference, unit = step.mean - before, Unit().of(metric.name)
    is_gain = metric.sign * difference >= 0
    colour = COLOURS[0] if is_gain else COLOURS[1]
    hatch = "" if is_gain else "////"
    axes.plot([factor * before] * 2, [place - 1, place + BAR_HEIGHT / 2], color=GREY, linewidth=0.6)
    axes.barh(
        place,
        factor * difference,
        left=factor * before,
        height=BAR_HEIGHT,
        color=colour,
        alpha=0.6,
        hatch=hatch,
    )
    text = unit.show_signed(difference)
    if step.interval is not None:
        low, high = step.interval
        axes.hlines(
            place, factor * (before + low), factor * (before + high), color="black", linewidth=0.8
        )
        text += f" [{unit.show_signed(low)}, {unit.show_signed(high)}]"
    axes.annotate(text, (1.02, place), xycoords=IN_MARGIN, va="center", fontsize=7)
