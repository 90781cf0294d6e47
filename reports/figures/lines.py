"""Average scores against a number that the rows change (Xia et al. 2022, Figure 5)."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from reports.figures.averages import (
    Average,
    collect_averages,
    find_interval,
    tabulate_averages,
    tell_printed,
)
from reports.figures.style import (
    COLOURS,
    COLUMN_WIDTH_IN,
    FULL_WIDTH_IN,
    LINE_STYLES,
    MARKERS,
    Drawing,
    in_style,
)
from reports.figures.words import (
    name_axis,
    name_field,
    show_name,
    tell_scores,
    write_figure_caption,
)
from reports.scores.cells import Outcome
from search_spaces.branches import Branch, find_branches
from search_spaces.study import Study

HEIGHT_IN = 2.1
MAX_NARROW_PANELS = 2
LEGEND_CHARS = 40
PUBLISHED = "published"
WIDE_RATIO = 8
"""The axis is logarithmic if the highest value is at least so many times the lowest."""

DODGE = 0.012
"""Branches are shifted by this share of the axis, so that their error bars do not overlap."""


def draw_lines(study: Study, outcome: Outcome) -> Drawing | None:
    """Draw the scores of rows that differ only in one number, one line for each branch.

    Returns:
        Nothing if there are no three such rows, or if none of their trials is finished.
    """
    branches = find_branches(study.configs(outcome.family, outcome.trained_scale))
    values = {
        row: (branch.name, value)
        for branch in branches
        for row, value in zip(branch.rows, branch.values, strict=True)
    }
    averages = [
        average
        for average in collect_averages(study, outcome)
        if any(cell.scores for cell in average.cells if cell.row in values)
    ]
    if not averages:
        return None
    data = tabulate_averages(averages)
    data = data[data["row"].isin(values)].reset_index(drop=True)
    data.insert(1, "branch", [values[row][0] for row in data["row"]])
    data.insert(2, "value", [values[row][1] for row in data["row"]])
    printed = [
        one
        for average in averages
        for cell, one in zip(average.cells, average.printed, strict=True)
        if cell.row in values
    ]
    others = [row.name for row in study.rows if row.name not in values]
    return Drawing(
        name=f"{study.name}-lines",
        title=study.title,
        caption=write_figure_caption(
            study,
            outcome,
            f"Test scores {tell_scores([a.metric for a in averages])}; "
            "markers: means over seeds; dots: single seeds.",
            "Error bars: 95 % Student t interval of the mean, from three seeds on."
            * bool(data["low_fraction"].notna().any()),
            tell_printed(printed, "Hollow markers"),
            f"Not on a line: {', '.join(others)}." if others else "",
        ),
        figure=_draw(branches, averages),
        data=data,
    )


def _draw(branches: Sequence[Branch], averages: Sequence[Average]) -> Figure:
    width = COLUMN_WIDTH_IN if len(averages) <= MAX_NARROW_PANELS else FULL_WIDTH_IN
    values = sorted({value for branch in branches for value in branch.values})
    with in_style():
        figure = Figure(figsize=(width, HEIGHT_IN))
        panels = figure.subplots(1, len(averages), sharex=True, squeeze=False)[0]
        is_percent = all(average.metric.unit == "percent" for average in averages)
        for axes, average in zip(panels, averages, strict=True):
            is_usual = is_percent and average.metric.sign > 0
            name_panel = show_name if is_usual else partial(name_axis, average.metric)
            _set_up_axes(axes, name_panel(average.header), values)
            for branch, places in zip(branches, _place(branches, values), strict=True):
                name = branch.name if len(branches) > 1 else ""
                _draw_branch(axes, average, places, branches.index(branch), name)
        if is_percent:
            panels[0].set_ylabel("score (%)")
        figure.supxlabel(" / ".join(dict.fromkeys(name_field(b.field) for b in branches)), size=7)
        handles, labels = panels[0].get_legend_handles_labels()
        shown = sorted(
            zip(labels, handles, strict=True), key=lambda one: one[0].endswith(PUBLISHED)
        )
        if len(shown) > 1:
            figure.legend(
                [handle for _, handle in shown],
                [label for label, _ in shown],
                loc="outside upper center",
                ncols=4,
            )
    return figure


def _set_up_axes(axes: Axes, title: str, values: Sequence[float]) -> None:
    """Mark the values that occur; use a logarithmic axis if they are far apart."""
    if _is_wide(values):
        axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title(title)
    axes.grid(axis="y")


def _is_wide(values: Sequence[float]) -> bool:
    return values[0] > 0 and values[-1] / values[0] >= WIDE_RATIO


def _place(branches: Sequence[Branch], values: Sequence[float]) -> list[dict[str, float]]:
    """Place the rows of each branch at their values, shifted a little against other branches."""
    low, high = values[0], values[-1]
    places = []
    for number, branch in enumerate(branches):
        shift = DODGE * (number - (len(branches) - 1) / 2)
        if _is_wide(values):
            beside = [value * (high / low) ** shift for value in branch.values]
        else:
            beside = [value + shift * (high - low) for value in branch.values]
        places.append(dict(zip(branch.rows, beside, strict=True)))
    return places


def _draw_branch(
    axes: Axes, average: Average, places: Mapping[str, float], number: int, name: str
) -> None:
    """Draw means, intervals, seeds and published values; a single branch has no `name`."""
    cells = {cell.row: cell for cell in average.cells}
    printed = dict(zip(cells, average.printed, strict=True))
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    means = {row: mean for row in places if (mean := cells[row].mean) is not None}
    spans = [find_interval(cells[row]) or (mean, mean) for row, mean in means.items()]
    factor = average.metric.factor
    for row in means:
        scores = [factor * seed.score for seed in cells[row].scores]
        axes.plot([places[row]] * len(scores), scores, ".", markersize=2, color=colour)
    axes.errorbar(
        [places[row] for row in means],
        [factor * mean for mean in means.values()],
        yerr=[
            [factor * (mean - low) for mean, (low, _) in zip(means.values(), spans, strict=True)],
            [factor * (high - mean) for mean, (_, high) in zip(means.values(), spans, strict=True)],
        ],
        color=colour,
        linestyle=LINE_STYLES[number % len(LINE_STYLES)],
        marker=marker,
        elinewidth=0.8,
        capsize=2,
        label=show_name(name or "ours", LEGEND_CHARS),
    )
    known = {places[row]: factor * one.score for row in places if (one := printed[row]) is not None}
    if known:
        axes.plot(
            [*known],
            [*known.values()],
            linestyle="",
            marker=marker,
            markersize=6,
            markerfacecolor="none",
            markeredgecolor=colour,
            label=show_name(f"{name}, {PUBLISHED}" if name else PUBLISHED, LEGEND_CHARS),
        )
