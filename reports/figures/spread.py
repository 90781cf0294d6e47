"""Where the spread of a score comes from, as shares of its variance (Bouthillier et al. 2021)."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import (
    COLOURS,
    COLUMN_WIDTH_IN,
    FULL_WIDTH_IN,
    HATCHES,
    Drawing,
    in_style,
)
from reports.figures.words import PERCENT, show_name, write_figure_caption
from reports.scores.cells import Outcome
from reports.tables.spread import (
    SEEDS,
    TEST_SET,
    Spread,
    measure_spread,
    name_part,
    name_whole,
    tell_help,
)
from search_spaces.study import Study

LINE_IN, FRAME_IN = 0.32, 0.75
MAX_NARROW_PANELS = 1
COLOUR_OF = {SEEDS: COLOURS[0], TEST_SET: COLOURS[1]}
HATCH_OF = {SEEDS: HATCHES[0], TEST_SET: HATCHES[1]}
OF_STREAM = COLOURS[5], HATCHES[2]


def draw_spread(study: Study, outcome: Outcome) -> Drawing | None:
    """Draw the share of each source in the variance of the baseline row, a panel for each column.

    Returns:
        Nothing if no random stream was varied alone, or all scores are equal.
    """
    spreads = [one for one in measure_spread(study, outcome) if one.share(SEEDS) is not None]
    if not spreads:
        return None
    return Drawing(
        name=f"{study.name}-spread",
        title=f"{study.title}: where the spread comes from",
        caption=write_figure_caption(
            study,
            outcome,
            f"Scores of the row {spreads[0].row}: shares of {name_whole(spreads)}.",
            "Single streams are parts of the seeds. Error bars: 95 % chi-square intervals of each "
            "variance beside the same total; they may leave the axis.",
            *(f"{one.column.title}: {tell_help(one)}." for one in spreads),
        ),
        figure=_draw(spreads),
        data=pd.DataFrame(line for spread in spreads for line in _lines(spread)),
    )


def _lines(spread: Spread) -> list[dict[str, object]]:
    return [
        {
            "row": spread.row,
            "metric": spread.column.title,
            "source": name,
            "std_fraction": part.std,
            "low_fraction": part.std_interval[0],
            "high_fraction": part.std_interval[1],
            "share": spread.share(name),
            "num": part.num,
        }
        for name, part in spread.parts.items()
    ]


def _draw(spreads: Sequence[Spread]) -> Figure:
    num_lines = max(len(spread.parts) for spread in spreads)
    width = COLUMN_WIDTH_IN if len(spreads) <= MAX_NARROW_PANELS else FULL_WIDTH_IN
    with in_style():
        figure = Figure(figsize=(width, FRAME_IN + LINE_IN * num_lines))
        for axes, spread in zip(
            figure.subplots(1, len(spreads), squeeze=False)[0], spreads, strict=True
        ):
            _draw_panel(axes, spread)
    return figure


def _draw_panel(axes: Axes, spread: Spread) -> None:
    names = [show_name(name_part(name, part.num)) for name, part in spread.parts.items()]
    for place, (name, part) in enumerate(spread.parts.items()):
        share = spread.share(name) or 0.0
        colour, hatch = OF_STREAM
        axes.barh(
            place,
            PERCENT * share,
            height=0.6,
            color=COLOUR_OF.get(name, colour),
            hatch=HATCH_OF.get(name, hatch),
            edgecolor="white",
            alpha=0.55,
        )
        if part.variance.value:
            in_shares = PERCENT * share / part.variance.value
            low, high = (in_shares * end for end in part.variance.interval)
            axes.hlines(place, low, high, color="black", linewidth=0.9)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    most = max(spread.share(name) or 0.0 for name in spread.parts)
    axes.set(
        xlim=(0, PERCENT * max(1.0, 1.05 * most)),
        xlabel=f"share of the variance of {show_name(spread.column.title)} (%)",
    )
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
