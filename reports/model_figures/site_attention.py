"""Where a model looks in its pictures: the weights of a map's sites, over faces and sound."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, SymLogNorm, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.figures.style import COLOURS, FULL_WIDTH_IN, Drawing, in_style

MAX_WINDOWS = 7
CELL_IN, LABELS_IN, BARS_IN, TIMES_IN = 0.82, 0.25, 0.55, 0.2
BAR_WIDTH = 0.07
"""The width of a colour scale, as a share of a cell."""

TINT = LinearSegmentedColormap.from_list(
    "tint", [(*to_rgb(COLOURS[1]), 0.0), (*to_rgb(COLOURS[1]), 0.9)]
)
"""The higher the weight, the more the colour covers the picture below."""

EVEN = 1.0
"""The relative weight of every site if attention is even; colours are linear up to it."""

MIN_TOP = 10.0
"""A colour scale ends here or above: most scales are then equal, and even attention looks even."""

Pictures = NDArray[np.generic]
Weights = NDArray[np.floating]


@dataclass(frozen=True)
class SiteAttention:
    """The picture of a modality in each window, and how some modules weigh its sites.

    Shapes:
        pictures: (N, height, width) grey, or (N, height, width, 3) RGB uint8; the top row first
        weights: by module, (N, H, W), not negative; the sites divide the picture evenly
    """

    modality: str
    pictures: Pictures
    weights: Mapping[str, Weights]


def draw_site_attention(
    parts: Sequence[SiteAttention], *, window_s: float, name: str, title: str, about: str
) -> Drawing:
    """Draw the windows of one utterance side by side, and the weights of the modules below each.

    Args:
        parts: The modalities, all with the same number of windows.
        window_s: The length of a window.
        name: The name of the files.
        title: The title of the figure.
        about: The beginning of the caption: whose attention it is, and to what.
    """
    num_windows = len(parts[0].pictures)
    shown = min(num_windows, MAX_WINDOWS)
    relative = [_relative(part) for part in parts]
    left_out = f" The first {shown} of {num_windows} windows are drawn." * (shown < num_windows)
    return Drawing(
        name=name,
        title=title,
        caption=(
            f"{about} Colours tell the weight of a site relative to the mean over the sites of its "
            "picture, linear up to 1 and logarithmic above: at 1 everywhere the attention prefers "
            "none. A site is drawn where it lies on "
            f"its map; its features depend on more of the picture than that.{left_out}"
        ),
        figure=_draw(relative, shown, window_s),
        data=pd.DataFrame(line for part in relative for line in _lines(part, window_s)),
    )


def _relative(part: SiteAttention) -> SiteAttention:
    return SiteAttention(
        part.modality,
        part.pictures,
        {
            module: weights / weights.mean((1, 2), keepdims=True)
            for module, weights in part.weights.items()
        },
    )


def _lines(part: SiteAttention, window_s: float) -> Iterator[dict[str, object]]:
    for module, weights in part.weights.items():
        for (window, row, column), weight in np.ndenumerate(weights):
            yield {
                "modality": part.modality,
                "module": module,
                "window": window,
                "start_s": round(window * window_s, 6),
                "row_from_top": row,
                "column": column,
                "relative_weight": weight,
            }


def _draw(parts: Sequence[SiteAttention], num_windows: int, window_s: float) -> Figure:
    num_rows = sum(1 + len(part.weights) for part in parts)
    width = min(FULL_WIDTH_IN, LABELS_IN + CELL_IN * num_windows + BARS_IN)
    with in_style():
        figure = Figure(figsize=(width, CELL_IN * num_rows + TIMES_IN))
        ratios = [*[1.0] * num_windows, BAR_WIDTH]
        grid = figure.subplots(num_rows, num_windows + 1, squeeze=False, width_ratios=ratios)
        for axes in grid.flat:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for axes in grid[:, :-1].flat:
            axes.set_box_aspect(1)
        for window, axes in enumerate(grid[0, :-1]):
            start_s, end_s = window * window_s, (window + 1) * window_s
            axes.set_title(f"{start_s:.2f}\N{EN DASH}{end_s:.2f} s", fontsize=7)
        rows = iter(grid)
        for part in parts:
            _draw_plain(next(rows), part)
            for module, weights in part.weights.items():
                _draw_overlay(figure, next(rows), _grey(part.pictures), module, weights)
    return figure


def _draw_plain(row: NDArray[np.object_], part: SiteAttention) -> None:
    limits = Normalize(*_range(part.pictures))
    for axes, picture in zip(row[:-1], part.pictures, strict=False):
        axes.imshow(picture, cmap="gray", norm=limits, aspect="auto")
    row[0].set_ylabel(part.modality, fontweight="bold")


def _draw_overlay(
    figure: Figure, row: NDArray[np.object_], pictures: Pictures, module: str, weights: Weights
) -> None:
    top = max(MIN_TOP, float(weights[: len(row) - 1].max()))
    limits, colours = Normalize(*_range(pictures)), SymLogNorm(EVEN, vmin=0, vmax=top)
    extent = (0, pictures.shape[2], pictures.shape[1], 0)
    for axes, picture, sites in zip(row[:-1], pictures, weights, strict=False):
        axes.imshow(picture, cmap="gray", norm=limits, extent=extent, aspect="auto")
        axes.imshow(sites, cmap=TINT, norm=colours, extent=extent, aspect="auto")
    row[0].set_ylabel(module)
    bar = figure.colorbar(ScalarMappable(colours, TINT), cax=row[-1])
    ticks = _ticks(top)
    bar.set_ticks(ticks, labels=[f"{tick:.2g}" if tick < 10 else f"{tick:.0f}" for tick in ticks])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=6, length=2)
    bar.set_label("times the mean", fontsize=7)
    bar.outline.set(visible=True, linewidth=0.4)


def _ticks(top: float) -> list[float]:
    """Return 0, powers of ten, and the top if it is far enough from the last power."""
    powers = [10.0**exponent for exponent in range(int(np.log10(top)) + 1)]
    return [0.0, *powers, *([top] if top > 2 * powers[-1] else [])]


def _grey(pictures: Pictures) -> Pictures:
    """Turn colour pictures to grey: (N, H, W, 3) -> (N, H, W)."""
    return pictures if pictures.ndim == 3 else pictures @ np.array([0.299, 0.587, 0.114])


def _range(pictures: Pictures) -> tuple[float, float]:
    return float(pictures.min()), float(pictures.max())
