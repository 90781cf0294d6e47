"""Forest plot: every row minus the baseline row, for each emotion, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.corpus.counts import PRINTED_EMOTIONS
from reports.figures.style import COLOURS, FULL_WIDTH_IN, GREY, Drawing, in_style
from reports.figures.words import (
    LOWER_IS_BETTER,
    NAME_CHARS,
    show_name,
    write_figure_caption,
)
from reports.scores.cells import Cell, Outcome, find_cell
from reports.scores.trials import TrialScores
from reports.statistics.multiplicity import benjamini_hochberg, holm
from reports.tables.differences import LEVEL, MIN_PAIRS, mark, subtract_row, two_sided_p
from search_spaces.claim import Score
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Column, Study

MAX_PANELS_A_LINE = 7
LINE_IN, GAP_IN, FRAME_IN = 0.115, 0.1, 0.55
AVERAGE = "Average"
CORRECTED = "Pairs are of seed and fold; t is the corrected resampled one."


@dataclass(frozen=True)
class Effect:
    """A row's paired difference to the baseline row for one emotion, or for their average.

    `interval` (95 %), `p` (two-sided) and `adjusted_p` are None with fewer than three seeds.
    """

    row: str
    emotion: str
    differences: tuple[float, ...]
    interval: tuple[float, float] | None
    p: float | None
    adjusted_p: float | None = None
    distinct: bool | None = None

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return float(np.mean(self.differences))


def draw_forest(
    study: Study, outcome: Outcome, trial_scores: TrialScores | None, column: Column | None = None
) -> Drawing | None:
    """Draw the differences by one metric, one panel for each emotion.

    Of a metric that has no score of a single emotion, there is one panel.

    Args:
        study: The study.
        outcome: Its results on a corpus.
        trial_scores: The scores of its trials; None if others made the scores.
        column: A column of the metric; by default F1, or the first metric of a study without it.

    Returns:
        Nothing if the baseline row and the other rows have no finished seed in common.
    """
    baseline = study.find_baseline_row(outcome.family, outcome.scale)
    column = column or study.main_column(outcome.family)
    metric = find_metric(column.metric)
    panels = _measure(study, outcome, trial_scores, column, baseline)
    effects = [effect for panel in panels.values() for effect in panel]
    if not effects:
        return None
    rows = [row.name for row in study.rows if row.name != baseline]
    return Drawing(
        name=f"{study.name}-forest",
        title=f"{study.title}: differences by emotion",
        caption=write_figure_caption(
            study,
            outcome,
            *_describe(column, baseline, effects),
            CORRECTED * outcome.has_folds,
        ),
        figure=_draw(rows, panels, metric),
        data=pd.DataFrame(_line(effect, column.header, baseline) for effect in effects),
    )


def _measure(
    study: Study,
    outcome: Outcome,
    trial_scores: TrialScores | None,
    metric: Column,
    baseline: str,
) -> dict[str, list[Effect]]:
    """Return the effects by emotion; the average comes last, if there is one."""
    is_of_each = find_metric(metric.metric).of_each
    every = [e for r in outcome.records.values() for e in r.result.emotions]
    columns = study.columns_for(outcome.family) if outcome.is_given else ()
    every += [one.emotion for one in columns if one.emotion]
    names = dict.fromkeys(every if is_of_each else ())
    number = [row.name for row in study.rows].index(baseline)
    panels = {}
    for emotion in (*names, None):
        cells = [
            find_cell(
                outcome, row.name, Score(outcome.corpus, metric.metric, emotion), trial_scores
            )
            for row in study.rows
        ]
        title = AVERAGE if emotion is None else _name_emotion(study, outcome, emotion)
        panels[title] = _subtract(cells, number, title)
    average = panels.pop(AVERAGE)
    return {**_adjust(panels), **({AVERAGE: average} if average or not panels else {})}


def _name_emotion(study: Study, outcome: Outcome, emotion: str) -> str:
    """Name an emotion as in the study's table, or else as in papers on the corpus."""
    names = {name: text for text, name in PRINTED_EMOTIONS.get(outcome.family, {}).items()}
    names |= {c.emotion: c.group for c in study.columns_for(outcome.family) if c.emotion}
    return names.get(emotion) or emotion.capitalize()


def _subtract(cells: Sequence[Cell], baseline: int, emotion: str) -> list[Effect]:
    """Subtract the baseline's cell from the others; `distinct` is the same as in the table."""
    effects = []
    (differences,) = mark([subtract_row(cells, baseline)], holm)
    for cell, difference in zip(cells, differences, strict=True):
        if difference is None or not difference.values:
            continue
        is_tested = difference.num_values >= MIN_PAIRS
        effects.append(
            Effect(
                row=cell.row,
                emotion=emotion,
                differences=difference.values,
                interval=difference.interval if is_tested else None,
                p=two_sided_p(difference.values, difference.test_share) if is_tested else None,
                distinct=difference.distinct,
            )
        )
    return effects


def _adjust(panels: Mapping[str, Sequence[Effect]]) -> dict[str, list[Effect]]:
    """Correct the p-values of all emotions and rows as one family."""
    tested = [e for panel in panels.values() for e in panel if e.p is not None]
    adjusted = iter(benjamini_hochberg([e.p for e in tested if e.p is not None]))
    return {
        emotion: [_corrected(e, next(adjusted)) if e.p is not None else e for e in panel]
        for emotion, panel in panels.items()
    }


def _corrected(effect: Effect, adjusted_p: float) -> Effect:
    return replace(effect, adjusted_p=adjusted_p, distinct=adjusted_p < LEVEL)


def _describe(column: Column, baseline: str, effects: Sequence[Effect]) -> list[str]:
    metric = find_metric(column.metric)
    unit = ", in points" if metric.unit == "percent" else ""
    sentences = [
        f"Differences of {column.header} on test to the row {baseline}{unit}, paired by seed: "
        f"means{'; lower is better' if metric.sign < 0 else ''}.",
        "Bars: 95 % Student t intervals." * any(e.interval is not None for e in effects),
    ]
    if any(e.distinct is not None for e in effects):
        sentences.append(
            f"Filled: a paired t-test tells the difference from 0 (two-sided {LEVEL}; "
            "Benjamini-Hochberg over all rows and emotions, Holm over the rows for the average)."
        )
    if any(e.distinct is None for e in effects):
        sentences.append(f"Grey: fewer than {MIN_PAIRS} seeds, not tested.")
    return sentences


def _line(effect: Effect, metric: str, baseline: str) -> dict[str, object]:
    low, high = effect.interval or (None, None)
    return {
        "row": effect.row,
        "minus": baseline,
        "metric": metric,
        "emotion": effect.emotion,
        "difference_fraction": effect.mean,
        "low_fraction": low,
        "high_fraction": high,
        "num_seeds": len(effect.differences),
        "p": effect.p,
        "adjusted_p": effect.adjusted_p,
        "distinct": effect.distinct,
    }


def _draw(rows: Sequence[str], panels: Mapping[str, Sequence[Effect]], metric: Metric) -> Figure:
    names = [show_name(row, NAME_CHARS) for row in rows]
    num_columns = min(len(panels), MAX_PANELS_A_LINE)
    num_lines = -(-len(panels) // num_columns)
    text_lines = max(name.count("\n") for name in names) + 1
    height = FRAME_IN + num_lines * (0.35 + len(names) * (GAP_IN + LINE_IN * text_lines))
    with in_style():
        figure = Figure(figsize=(FULL_WIDTH_IN, height))
        grid = figure.subplots(num_lines, num_columns, sharex=True, sharey=True, squeeze=False)
        for axes, (emotion, effects) in zip(grid.flat, panels.items(), strict=False):
            _draw_panel(axes, effects, rows, metric.factor)
            axes.set_title(
                show_name(emotion), fontweight="bold" if emotion == AVERAGE else "normal"
            )
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        grid[0, 0].set_yticks(range(len(names)), names)
        grid[0, 0].set_ylim(len(names) - 0.5, -0.5)
        notes = ["points"] * (metric.unit == "percent") + [LOWER_IS_BETTER] * (metric.sign < 0)
        told = f" ({'; '.join(notes)})" if notes else ""
        figure.supxlabel(f"difference{told}", size=7)
    return figure


def _draw_panel(axes: Axes, effects: Sequence[Effect], rows: Sequence[str], factor: int) -> None:
    axes.axvline(0, color=GREY, linewidth=0.6)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    for effect in effects:
        place, colour = rows.index(effect.row), GREY if effect.distinct is None else COLOURS[0]
        if effect.interval is not None:
            low, high = effect.interval
            axes.hlines(place, factor * low, factor * high, color=colour, linewidth=1)
        axes.plot(
            factor * effect.mean,
            place,
            marker="o",
            color=colour,
            markerfacecolor=colour if effect.distinct else "white",
        )
