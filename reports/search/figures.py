"""Figures of a search: the front of F1 against costs, the course of F1, and the importances."""

from collections.abc import Sequence
from itertools import accumulate

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.style import (
    COLOURS,
    COLUMN_WIDTH_IN,
    FULL_WIDTH_IN,
    GREY,
    HATCHES,
    Drawing,
    in_style,
)
from reports.figures.words import show_name
from reports.ledger.search_result import Candidate, ObjectiveName, SearchResult
from reports.search.best import costs, find_best, finished, rank_importances
from reports.search.curves import draw_tuning
from reports.search.words import (
    PERCENT,
    TITLES,
    name_field,
    tell_missing,
    tell_optimism,
    tell_shown,
    tell_unreliable,
    write_caption,
)

HEIGHT_IN, LINE_IN, FRAME_IN = 2.4, 0.16, 0.75
WIDE_FACTOR = 10
"""Costs that differ by a larger factor are drawn on a logarithmic axis."""


def draw_search(result: SearchResult) -> list[Drawing]:
    """Draw every figure that suits the search; none before a candidate is finished."""
    drawings = (
        *(draw_front(result), draw_history(result)),
        *(draw_tuning(result), draw_importances(result)),
    )
    return [drawing for drawing in drawings if drawing is not None]


def draw_front(result: SearchResult) -> Drawing | None:
    """Draw F1 against each cost, with the Pareto front; None without a cost."""
    if not costs(result) or not finished(result):
        return None
    best = find_best(result)
    return Drawing(
        name="pareto",
        title=f"{result.title}: F1 and its cost",
        caption=write_caption(
            result, tell_shown(result, len(best)), tell_missing(result), tell_optimism(result)
        ),
        figure=_draw_front(result, best),
        data=pd.DataFrame(
            {"number": one.number, **one.scores, "is_best": one.is_best} for one in finished(result)
        ),
    )


def draw_history(result: SearchResult) -> Drawing | None:
    """Draw F1 by candidate, and the best so far; None unless F1 is the only objective."""
    found = finished(result)
    if costs(result) or not found:
        return None
    data = pd.DataFrame({"number": one.number, "f1": one.scores["f1"]} for one in found)
    data["best_so_far"] = list(accumulate(data["f1"], max))
    return Drawing(
        name="history",
        title=f"{result.title}: F1 by candidate",
        caption=write_caption(result, "Line: the best so far.", tell_optimism(result)),
        figure=_draw_history(data),
        data=data,
    )


def draw_importances(result: SearchResult) -> Drawing | None:
    """Draw the importance of each field for each objective."""
    if not result.importances:
        return None
    explanation = (
        "Importance of each field among the finished candidates (PED-ANOVA), in percent; those of "
        "an objective add up to 100."
    )
    return Drawing(
        name="importances",
        title=f"{result.title}: what mattered",
        caption=write_caption(result, explanation, tell_unreliable(result)),
        figure=_draw_importances(result),
        data=pd.DataFrame(
            {"objective": objective, "field": field, "importance": importance}
            for objective, of_field in result.importances.items()
            for field, importance in of_field.items()
        ),
    )


def _draw_front(result: SearchResult, best: Sequence[Candidate]) -> Figure:
    names = costs(result)
    with in_style():
        width = COLUMN_WIDTH_IN if len(names) == 1 else FULL_WIDTH_IN
        figure = Figure(figsize=(width, HEIGHT_IN))
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            _draw_panel(axes, finished(result), best, name, is_only=len(names) == 1)
        panels[0].set_ylabel(TITLES["f1"])
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _draw_panel(
    axes: Axes,
    found: Sequence[Candidate],
    best: Sequence[Candidate],
    cost: ObjectiveName,
    *,
    is_only: bool,
) -> None:
    """Draw the candidates; with a single cost, a line marks the limit that they reach."""
    values = [one.scores[cost] for one in found]
    if min(values) > 0 and max(values) / min(values) > WIDE_FACTOR:
        axes.set_xscale("log")
    scores = [PERCENT * one.scores["f1"] for one in found]
    axes.plot(values, scores, "o", markersize=3, color=GREY, alpha=0.6, label="finished")
    front = sorted((one.scores[cost], PERCENT * one.scores["f1"], one.number) for one in best)
    axes.plot(
        [value for value, _, _ in front],
        [score for _, score, _ in front],
        marker="D",
        linestyle="-" if is_only else "",
        drawstyle="steps-post",
        color=COLOURS[0],
        label="Pareto front",
    )
    for value, score, number in front:
        axes.annotate(f"{number}", (value, score), (2, 3), textcoords="offset points", fontsize=7)
    axes.set_xlabel(TITLES[cost])
    axes.grid()


def _draw_history(data: pd.DataFrame) -> Figure:
    with in_style():
        figure = Figure(figsize=(COLUMN_WIDTH_IN, HEIGHT_IN))
        axes = figure.subplots()
        axes.plot(data["number"], PERCENT * data["f1"], "o", markersize=3, color=GREY, alpha=0.6)
        axes.plot(
            data["number"], PERCENT * data["best_so_far"], drawstyle="steps-post", color=COLOURS[0]
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set(xlabel="candidate", ylabel=TITLES["f1"])
        axes.grid()
    return figure


def _measured_fields(result: SearchResult) -> list[str]:
    """List the fields of known importance; the most important for F1 come first."""
    ranked = (rank_importances(result, objective.name) for objective in result.objectives)
    return list(dict.fromkeys(field for of_field in ranked for field in of_field))


def _draw_importances(result: SearchResult) -> Figure:
    fields = _measured_fields(result)
    names = [show_name(name_field(field)) for field in fields]
    with in_style():
        height = FRAME_IN + LINE_IN * len(fields) * len(result.importances)
        figure = Figure(figsize=(COLUMN_WIDTH_IN, height))
        axes = figure.subplots()
        thickness = 0.8 / len(result.importances)
        for place, (objective, of_field) in enumerate(result.importances.items()):
            axes.barh(
                [fields.index(field) + place * thickness for field in of_field],
                [PERCENT * importance for importance in of_field.values()],
                height=thickness,
                align="edge",
                color=COLOURS[place],
                hatch=HATCHES[place],
                label=TITLES[objective].removesuffix(" (%)"),
            )
        axes.set_yticks([row + 0.4 for row in range(len(fields))], names)
        axes.set_ylim(len(fields), -0.2)
        axes.set_xlabel("importance (%)")
        axes.tick_params(axis="y", length=0)
        if len(result.importances) > 1:
            figure.legend(loc="outside lower center", ncols=2)
    return figure
