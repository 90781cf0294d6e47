"""Learned features in the plane (t-SNE), in panels, and how well they separate the emotions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from reports.figures.style import COLOURS, FULL_WIDTH_IN, GREY, MARKERS, Drawing, in_style

PERPLEXITY = 30.0
MIN_UTTERANCES = 4
NUM_COLUMNS = 3
PANEL_HEIGHT_IN, LEGEND_HEIGHT_IN = 2.25, 0.35
POINT_AREA, FEW_POINTS = 2_500.0, 9.0
"""Areas in square points: the area of all markers of a panel together, and the most for one."""

Features = NDArray[np.floating]


@dataclass(frozen=True)
class Panel:
    """The features of some utterances; each utterance has one emotion.

    Shapes:
        features: (U, D)
        emotions: (U,), names
    """

    title: str
    features: Features
    emotions: NDArray[np.str_]


def draw_embedding(
    panels: Sequence[Panel], *, name: str, title: str, about: str, seed: int = 0
) -> Drawing:
    """Compute one embedding of the features of all panels, and draw each panel.

    Args:
        panels: The features to draw; all have the same width.
        name: The name of the files.
        title: The title of the figure.
        about: The beginning of the caption: where the features come from.
        seed: The seed of the embedding.

    Raises:
        ValueError: If there are fewer than 4 utterances in all.
    """
    standardised = [standardise(panel.features) for panel in panels]
    stacked = np.concatenate(standardised)
    places = embed(stacked, seed=seed)
    separations = [
        separation(features, panel.emotions)
        for features, panel in zip(standardised, panels, strict=True)
    ]
    data = _to_frame(panels, places, separations)
    return Drawing(
        name=name,
        title=title,
        caption=f"{about} {_explain(len(stacked), seed)}",
        figure=_draw(panels, data, separations),
        data=data,
    )


def standardise(features: Features) -> NDArray[np.float64]:
    """Scale each feature to mean 0 and standard deviation 1; a constant feature becomes 0.

    Shapes:
        (U, D) -> (U, D)
    """
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    deviations = centred.std(0)
    return centred / np.where(deviations > 0, deviations, 1.0)


def embed(features: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Embed vectors in the plane by t-SNE (van der Maaten and Hinton 2008).

    It starts at the first two principal components. It runs in one thread: several threads add up
    in a different order each time, which moves the points.

    Shapes:
        (U, D) -> (U, 2)

    Raises:
        ValueError: If there are fewer than 4 vectors.
    """
    from sklearn.manifold import TSNE  # it takes a second to load
    from threadpoolctl import threadpool_limits

    if len(features) < MIN_UTTERANCES:
        raise ValueError(
            f"an embedding needs {MIN_UTTERANCES} or more utterances, not {len(features)}"
        )
    tsne = TSNE(init="pca", perplexity=_perplexity(len(features)), random_state=seed)
    with threadpool_limits(limits=1):
        places: NDArray[np.float64] = tsne.fit_transform(features).astype(np.float64)
    return places


def separation(features: NDArray[np.float64], emotions: NDArray[np.str_]) -> float | None:
    """Return the mean silhouette of the emotions (Rousseeuw 1987), in [-1, 1], in all dimensions.

    It is None if undefined: with a single emotion, or with a single utterance for each emotion.
    """
    from sklearn.metrics import silhouette_score

    if not 2 <= len(np.unique(emotions)) < len(emotions):
        return None
    return float(silhouette_score(features, emotions))


def _to_frame(
    panels: Sequence[Panel], places: NDArray[np.float64], separations: Sequence[float | None]
) -> pd.DataFrame:
    sizes = [len(panel.emotions) for panel in panels]
    return pd.DataFrame(
        {
            "panel": np.repeat([_letter(index) for index in range(len(panels))], sizes),
            "title": np.repeat([panel.title for panel in panels], sizes),
            "emotion": np.concatenate([panel.emotions for panel in panels]),
            "x": places[:, 0],
            "y": places[:, 1],
            "silhouette_of_panel": np.repeat(np.array(separations, dtype=float), sizes),
        }
    )


def _explain(num_points: int, seed: int) -> str:
    return (
        f"One t-SNE fit of all {num_points} points (perplexity {_perplexity(num_points):.0f}, PCA "
        f"start, seed {seed}), of features standardised within each panel: all panels share one "
        "plane and scale. The networks are trained apart and their features do not correspond, so "
        "nearness across panels means nothing, and distances in the plane mean little within one. "
        "The number is the mean silhouette of the emotions in the space of the standardised "
        "features, from \N{MINUS SIGN}1 to 1; 0 is no separation."
    )


def _draw(
    panels: Sequence[Panel], data: pd.DataFrame, separations: Sequence[float | None]
) -> Figure:
    num_rows = -(-len(panels) // NUM_COLUMNS)
    emotions = sorted(set(data["emotion"]))
    with in_style():
        size = (FULL_WIDTH_IN, PANEL_HEIGHT_IN * num_rows + LEGEND_HEIGHT_IN)
        figure = Figure(figsize=size)
        grid = figure.subplots(num_rows, NUM_COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for index, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
            _draw_panel(axes, data[data["panel"] == _letter(index)], emotions)
            axes.set_title(f"{_letter(index)}  {panel.title}", loc="left", fontweight="bold")
            axes.set_xlabel(f"silhouette {_told(separations[index])}", loc="left", color=GREY)
        reach = 1.05 * data[["x", "y"]].abs().to_numpy().max()
        grid[0, 0].set(xlim=(-reach, reach), ylim=(-reach, reach))
        _add_legend(figure, emotions)
    return figure


def _draw_panel(axes: Axes, points: pd.DataFrame, emotions: Sequence[str]) -> None:
    area = min(FEW_POINTS, POINT_AREA / max(1, len(points)))
    for place, emotion in enumerate(emotions):
        of_emotion = points[points["emotion"] == emotion]
        axes.scatter(
            of_emotion["x"],
            of_emotion["y"],
            s=area,
            marker=MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            alpha=0.75,
            linewidths=0,
        )
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set(visible=True, color="#B0B0B0")


def _add_legend(figure: Figure, emotions: Sequence[str]) -> None:
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            label=emotion,
        )
        for place, emotion in enumerate(emotions)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _told(silhouette: float | None) -> str:
    if silhouette is None:
        return "undefined"
    return f"{round(silhouette, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")  # no -0.0


def _perplexity(num_points: int) -> float:
    """Return the usual perplexity, or less for few points: it must be below their number."""
    return min(PERPLEXITY, (num_points - 1) / 3)


def _letter(index: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index]
