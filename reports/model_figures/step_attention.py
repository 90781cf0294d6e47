"""Which steps of an utterance a model attends to: tokens, windows of sound, frames of a face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.figures.style import (
    COLOURS,
    COLUMN_WIDTH_IN,
    FULL_WIDTH_IN,
    HATCHES,
    Drawing,
    in_style,
)

WEIGHTS_MAP = "Blues"
STRIP_IN, QUERY_IN, MIN_BAND_IN, NAMES_IN, SIDES_IN, MAX_STEP_IN = 0.5, 0.17, 0.85, 0.75, 1.3, 0.3
SHARES_WIDTH = 0.25
"""The width of the bars, as a share of the width of all steps."""

MAX_NAMES = 50
"""More names are not legible side by side; then only every second, third, ... name is shown."""

Weights = NDArray[np.floating]
Pictures = NDArray[np.generic]


@dataclass(frozen=True)
class Steps:
    """The steps of one modality, in order; a step is `width` times as wide as a token.

    Shapes:
        pictures: one for each step, (T, height, width) or (T, height, width, 3), or None; they are
            stretched to the step, or keep their shape if `keep_shape`, as faces do
    """

    modality: str
    names: tuple[str, ...]
    pictures: Pictures | None = None
    width: float = 1.0
    keep_shape: bool = False


@dataclass(frozen=True)
class Band:
    """How some queries weigh the steps.

    Shapes:
        weights: (Q, T) for each `Steps`
    """

    title: str
    queries: tuple[str, ...]
    weights: tuple[Weights, ...]
    has_shares: bool = False


def draw_step_attention(
    steps: Sequence[Steps], bands: Sequence[Band], *, name: str, title: str, about: str
) -> Drawing:
    """Draw the weights of the steps for each query, one column for each step.

    If a band has shares, its weights add up to 1 over all steps; bars beside it show how much of
    each query goes to each modality.

    Args:
        steps: The steps that are weighed, by modality.
        bands: The queries that weigh them, from top to bottom.
        name: The name of the files.
        title: The title of the figure.
        about: The caption.
    """
    lines = (line for band in bands for line in _lines(steps, band))
    return Drawing(
        name=name, title=title, caption=about, figure=_draw(steps, bands), data=pd.DataFrame(lines)
    )


def _lines(steps: Sequence[Steps], band: Band) -> Iterator[dict[str, object]]:
    for part, weights in zip(steps, band.weights, strict=True):
        for (query, step), weight in np.ndenumerate(weights):
            yield {
                "band": band.title.replace("\n", " "),
                "query": band.queries[query],
                "modality": part.modality,
                "step": step,
                "name": part.names[step],
                "weight": weight,
            }


def _draw(steps: Sequence[Steps], bands: Sequence[Band]) -> Figure:
    widths = [len(part.names) * part.width for part in steps]
    total_in = min(FULL_WIDTH_IN, max(COLUMN_WIDTH_IN, SIDES_IN + MAX_STEP_IN * sum(widths)))
    heights = [STRIP_IN, *(max(MIN_BAND_IN, QUERY_IN * len(band.queries)) for band in bands)]
    if any(band.has_shares for band in bands):
        widths.append(SHARES_WIDTH * sum(widths))
    with in_style():
        figure = Figure(figsize=(total_in, sum(heights) + NAMES_IN))
        grid = figure.add_gridspec(
            1 + len(bands), len(widths), width_ratios=widths, height_ratios=heights
        )
        for column, part in enumerate(steps):
            if part.pictures is not None:
                _draw_strip(figure.add_subplot(grid[0, column]), part, part.pictures)
        for row, band in enumerate(bands, start=1):
            drawn = [figure.add_subplot(grid[row, column]) for column in range(len(widths))]
            _draw_band(figure, drawn, steps, band, is_last=row == len(bands))
    return figure


def _draw_strip(axes: Axes, part: Steps, pictures: Pictures) -> None:
    """Show the pictures of a modality's steps."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(part.modality, fontweight="bold")
    low, high = float(pictures.min()), float(pictures.max())
    for step, picture in enumerate(pictures):
        cell = axes.inset_axes((step / len(pictures), 0, 1 / len(pictures), 1))
        cell.imshow(picture, cmap="gray", vmin=low, vmax=high)
        cell.set_aspect("equal" if part.keep_shape else "auto", anchor="S")
        cell.set_axis_off()


def _draw_band(
    figure: Figure, drawn: Sequence[Axes], steps: Sequence[Steps], band: Band, *, is_last: bool
) -> None:
    colours = Normalize(0, max(weights.max() for weights in band.weights))
    stride = -(-sum(len(part.names) for part in steps) // MAX_NAMES)
    for axes, part, weights in zip(drawn, steps, band.weights, strict=False):
        axes.imshow(weights, cmap=WEIGHTS_MAP, norm=colours, aspect="auto")
        axes.set_xticks(range(0, len(part.names), stride))
        axes.set_xticklabels(part.names[::stride] if is_last else [], rotation=90)
        axes.set_yticks(range(len(band.queries)), band.queries if axes is drawn[0] else [])
        axes.tick_params(length=0)
        axes.spines[:].set(visible=True, color="#B0B0B0")
        if part.pictures is None and len(part.names) > 1:
            axes.set_title(part.modality, fontweight="bold")
    drawn[0].set_ylabel(band.title)
    if band.has_shares:
        _draw_shares(drawn[len(steps)], steps, band)
    mappable = ScalarMappable(colours, WEIGHTS_MAP)
    bar = figure.colorbar(mappable, ax=list(drawn), pad=0.015, fraction=0.04)
    bar.outline.set_visible(False)
    bar.set_label("weight")
    bar.ax.tick_params(labelsize=6, length=2)


def _draw_shares(axes: Axes, steps: Sequence[Steps], band: Band) -> None:
    places = np.arange(len(band.queries))
    begin = np.zeros(len(places))
    for place, (part, weights) in enumerate(zip(steps, band.weights, strict=True)):
        shares = weights.sum(1)
        axes.barh(
            places,
            shares,
            left=begin,
            height=0.7,
            color=COLOURS[place],
            hatch=HATCHES[place],
            edgecolor="white",
            linewidth=0,
            label=part.modality,
        )
        begin += shares
    axes.set(xlim=(0, 1), ylim=(len(places) - 0.5, -0.5), yticks=[], xticks=[0, 0.5, 1])
    axes.set_xticklabels(["0", "50", "100 %"])
    legend = axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    legend.set_in_layout(False)  # there is room above, because no picture is there
