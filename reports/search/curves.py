"""Figures of tuning curves: those of a search and its families, and those of two searches."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reports.figures.style import (
    COLOURS,
    COLUMN_WIDTH_IN,
    FULL_WIDTH_IN,
    LINE_STYLES,
    Drawing,
    in_style,
)
from reports.figures.words import show_name
from reports.ledger.search_result import SearchResult
from reports.search.bands import HIGHEST, WORST, Floats
from reports.search.best import costs, finished
from reports.search.comparison import Comparison, compare, tell_comparison
from reports.search.tuning import Curve, find_families, make_curve
from reports.search.words import (
    PERCENT,
    TITLES,
    name_field,
    name_place,
    tell_optimism,
    write_caption,
)

PANEL_IN = 2.2
MAX_COLUMNS = 3
ALL = "all candidates"
SHADE, EDGE = 0.15, 0.5


def draw_tuning(result: SearchResult) -> Drawing | None:
    """Draw the tuning curves of all candidates, and of the families of each choice.

    Returns:
        Nothing unless F1 is the only objective, and before a candidate is finished.
    """
    if costs(result) or not finished(result):
        return None
    panels = {ALL: [make_curve(result, result.candidates, ALL)]}
    for field, families in find_families(result).items():
        curves = [make_curve(result, found, name) for name, found in families.items()]
        panels[field] = [curve for curve in curves if not np.isnan(curve.best).all()]
    panels = {field: curves for field, curves in panels.items() if curves}
    return Drawing(
        name="tuning",
        title=f"{result.title}: the best F1 by number of candidates",
        caption=write_caption(result, *_explain(result), tell_optimism(result)),
        figure=_draw_panels(panels),
        data=pd.concat([_tabulate(panel, one) for panel, many in panels.items() for one in many]),
    )


def draw_comparison(result: SearchResult, rival: SearchResult) -> Drawing | None:
    """Draw the tuning curves of two searches; None before both have a finished candidate."""
    comparison = compare(result, rival)
    if comparison is None:
        return None
    return Drawing(
        name=f"against-{rival.name}",
        title=f"{result.name} and {rival.name}: the best F1 by number of candidates",
        caption=f"Two searches on {name_place(result)}. {tell_comparison(result, rival)}",
        figure=_draw_panels({"": [comparison.ours, comparison.theirs]}),
        data=_tabulate_comparison(comparison),
    )


def _explain(result: SearchResult) -> tuple[str, ...]:
    if result.sampler != "random":
        return (
            "Lines: the best F1 of the candidates so far, in the order in which they were drawn.",
            "There is no band: each candidate was chosen by the scores of those before it, so they "
            "are no independent draws; those of --sampler random are.",
        )
    is_stopped = any(candidate.state == "stopped" for candidate in result.candidates)
    return (
        "Lines: the median of the best F1 of so many random candidates.",
        "Shades between thin lines: exact bands, each of which holds the whole curve with at least "
        "95 %; where a thin line is missing, the candidates are too few to limit the curve.",
        "Failed candidates count with F1 0.",
        "Those stopped early count with the F1 that they had at least, and with any above at most."
        * is_stopped,
    )


def _tabulate(panel: str, curve: Curve) -> pd.DataFrame:
    low, high = curve.band or (np.nan, np.nan)
    return pd.DataFrame(
        {
            "field": "" if panel == ALL else panel,
            "family": curve.name,
            "num_candidates": range(1, len(curve.best) + 1),
            "best_f1": curve.best,
            "low": low,
            "high": high,
        }
    )


def _tabulate_comparison(comparison: Comparison) -> pd.DataFrame:
    num = len(comparison.low)
    low, high = comparison.reaching or (np.nan, np.nan)
    sides = {"ours": comparison.ours, "theirs": comparison.theirs}
    tables = {name: _tabulate("", curve).head(num) for name, curve in sides.items()}
    return pd.DataFrame(
        {
            "num_candidates": range(1, num + 1),
            **{
                f"{name}_{column}": table[column]
                for name, table in tables.items()
                for column in ("best_f1", "low", "high")
            },
            "difference_low": comparison.low,
            "difference_high": comparison.high,
            "reaching_low": low,
            "reaching_high": high,
            "ours_is": comparison.states,
        }
    )


def _draw_panels(panels: dict[str, list[Curve]]) -> Figure:
    num_columns = min(len(panels), MAX_COLUMNS)
    num_lines = ceil(len(panels) / num_columns)
    width = COLUMN_WIDTH_IN if num_columns == 1 else FULL_WIDTH_IN
    with in_style():
        figure = Figure(figsize=(width, PANEL_IN * num_lines))
        grid = figure.subplots(num_lines, num_columns, squeeze=False)
        for place, axes in enumerate(grid.flat):
            if place >= len(panels):
                axes.set_axis_off()
                continue
            name, curves = [*panels.items()][place]
            _draw_panel(axes, curves, show_name(name_field(name)))
            if place % num_columns == 0:
                axes.set_ylabel(f"best {TITLES['f1'].lower().replace('f1', 'F1')}")
    return figure


def _draw_panel(axes: Axes, curves: Sequence[Curve], title: str) -> None:
    """Draw curves; the axis shows their lines whole, and bands as far as candidates reached."""
    for number, curve in enumerate(curves):
        _draw_curve(axes, curve, COLOURS[number], LINE_STYLES[number])
    ends = np.concatenate([_ends(curve) for curve in curves])
    low, high = PERCENT * np.nanmin(ends), PERCENT * np.nanmax(ends)
    margin = max(0.08 * (high - low), 0.5)
    axes.set_ylim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="candidates", title=title)
    axes.grid()
    if len(curves) > 1:
        axes.legend(loc="lower right")


def _draw_curve(axes: Axes, curve: Curve, colour: str, style: Any) -> None:
    """Draw a line, and its band with thin edges; no shade where the band has no upper end."""
    budgets = np.arange(1, len(curve.best) + 1)
    if curve.band is not None:
        low, high = (np.where(_is_limit(limit), PERCENT * limit, np.nan) for limit in curve.band)
        axes.fill_between(budgets, low, high, color=colour, alpha=SHADE, linewidth=0, step="mid")
        for edge in (low, high):
            axes.plot(budgets, edge, color=colour, drawstyle="steps-mid", linewidth=EDGE)
    axes.plot(
        budgets,
        PERCENT * curve.best,
        color=colour,
        linestyle=style,
        drawstyle="steps-mid",
        label=show_name(curve.name),
    )


def _is_limit(limits: Floats) -> NDArray[np.bool_]:
    """Say where a band's end is the score of a candidate, not an end of the scale."""
    return (limits > WORST) & (limits < HIGHEST)


def _ends(curve: Curve) -> Floats:
    """Return what the axis must show: the line, and limits that are scores of candidates."""
    if curve.band is None:
        return curve.best
    limits = np.concatenate(curve.band)
    return np.concatenate([curve.best, limits[_is_limit(limits)]])
