"""The average scores of every row as bars, a panel for each metric (Xia et al. 2022, Figure 4)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.averages import Average, collect_averages, tabulate_averages, tell_printed
from reports.figures.style import COLOURS, COLUMN_WIDTH_IN, FULL_WIDTH_IN, GREY, Drawing, in_style
from reports.figures.words import name_axis, show_name, tell_scores, write_figure_caption
from reports.scores.cells import Outcome
from search_spaces.study import Study

LINE_IN, GAP_IN, FRAME_IN = 0.115, 0.1, 0.75
MAX_NARROW_PANELS = 2
BAR_HEIGHT = 0.72
LEGEND = ("mean", "seed", "published")


def draw_bars(study: Study, outcome: Outcome) -> Drawing | None:
    """Draw mean, standard deviation, single seeds and published value of every row.

    Returns:
        Nothing if no trial is finished, or the study averages no metric over the emotions.
    """
    averages = collect_averages(study, outcome)
    if not averages:
        return None
    has_spread = any(cell.std is not None for average in averages for cell in average.cells)
    return Drawing(
        name=f"{study.name}-bars",
        title=study.title,
        caption=write_figure_caption(
            study,
            outcome,
            f"Test scores {tell_scores([a.metric for a in averages])}; bars: means over seeds.",
            "Error bars: ± sample standard deviation." * has_spread,
            "Dots: single seeds.",
            tell_printed((one for a in averages for one in a.printed), "Hollow diamonds"),
        ),
        figure=_draw([show_name(row.name) for row in study.rows], averages),
        data=tabulate_averages(averages),
    )


def _draw(names: Sequence[str], averages: Sequence[Average]) -> Figure:
    num_lines = max(name.count("\n") for name in names) + 1
    height = FRAME_IN + len(names) * (GAP_IN + LINE_IN * num_lines)
    width = COLUMN_WIDTH_IN if len(averages) <= MAX_NARROW_PANELS else FULL_WIDTH_IN
    with in_style():
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(1, len(averages), sharey=True, squeeze=False)[0]
        for axes, average in zip(panels, averages, strict=True):
            _draw_panel(axes, average)
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        handles, labels = panels[0].get_legend_handles_labels()
        known = dict(zip(labels, handles, strict=True))
        shown = [label for label in LEGEND if label in known]
        figure.legend([known[label] for label in shown], shown, loc="outside lower center", ncols=3)
    return figure


def _draw_panel(axes: Axes, average: Average) -> None:
    means = {n: c.mean for n, c in enumerate(average.cells) if c.mean is not None}
    factor = average.metric.factor
    axes.barh(
        [*means],
        [factor * mean for mean in means.values()],
        height=BAR_HEIGHT,
        color=[GREY if average.cells[place].why_void else COLOURS[5] for place in means],
        alpha=0.55,
        label="mean",
    )
    for place, mean in means.items():
        cell = average.cells[place]
        if cell.std is not None:
            axes.errorbar(
                factor * mean,
                place,
                xerr=factor * cell.std,
                fmt="none",
                ecolor="black",
                elinewidth=0.9,
                capsize=2,
            )
        spread = np.linspace(-0.25, 0.25, cell.num_scores + 2)[1:-1]
        axes.plot(
            [factor * seed.score for seed in cell.scores],
            place + spread,
            linestyle="",
            marker="o",
            markersize=2.2,
            markeredgewidth=0,
            color=COLOURS[0],
            clip_on=False,
            label="seed",
        )
    printed = [(place, one) for place, one in enumerate(average.printed) if one is not None]
    if printed:
        axes.plot(
            [factor * one.score for _, one in printed],
            [place for place, _ in printed],
            linestyle="",
            marker="D",
            markersize=4.5,
            markerfacecolor="none",
            markeredgecolor=COLOURS[3],
            label="published",
        )
    axes.set(xlabel=name_axis(average.metric, average.header))
    if average.metric.unit == "percent":
        axes.set(xlim=(0, 100))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
