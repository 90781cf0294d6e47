"""Heat map of rows that change several integers, beside their scores (Le et al., Table 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.figures.style import FULL_WIDTH_IN, Drawing, in_style
from reports.figures.words import PERCENT, name_field, show_name, write_figure_caption
from reports.scores.cells import Outcome
from reports.tables.blocks import OursBlock, PublishedBlock, block_title
from reports.tables.table import build_table
from search_spaces.branches import varying_fields
from search_spaces.change import flatten
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Study

MIN_FIELDS = 2
ROW_IN, FRAME_IN = 0.24, 1.15
DESIGN_MAP, HEAT_MAP = "Greys", "PuOr_r"
"""The second map goes from orange over white to violet; colour-blind readers can distinguish it."""

PALE = 0.45
"""Only this share of the colour map is used, so that black numbers stay legible on it."""


@dataclass(frozen=True)
class Heat:
    """Scores on one corpus, ours or published.

    Shapes:
        scores: (rows, columns), fractions, NaN for missing scores; as they are by plain metrics
        texts: (rows, columns), the printed texts
        is_compared: (rows, columns), whether a score takes part in comparisons, and is a fraction:
            colours are points, which others have none of
    """

    titles: tuple[str, str]
    headers: tuple[str, ...]
    scores: NDArray[np.float64]
    texts: tuple[tuple[str, ...], ...]
    is_compared: NDArray[np.bool_]

    @property
    def deviations(self) -> NDArray[np.float64]:
        """How far each score is above the mean of its column; NaN if it is not compared."""
        compared = np.where(self.is_compared, self.scores, np.nan)
        num_scores = np.maximum((~np.isnan(compared)).sum(0), 1)
        return compared - np.nansum(compared, axis=0) / num_scores


def draw_depth_heatmap(study: Study, outcome: Outcome) -> Drawing | None:
    """Draw the integers of every row beside its scores, ours and published.

    Returns:
        Nothing if no trial is finished, or if the rows do not differ in two or more integers only.
    """
    design = find_design(study, outcome)
    if design is None or not any(cell.scores for row in outcome.cells for cell in row):
        return None
    blocks = build_table(study, [outcome]).blocks
    heats = [_make_heat(block) for block in blocks if isinstance(block, OursBlock | PublishedBlock)]
    heats = [heat for heat in heats if not np.isnan(heat.scores).all()]
    return Drawing(
        name=f"{study.name}-depths",
        title=study.title,
        caption=write_figure_caption(
            study,
            outcome,
            "Left: the integers in which the rows differ. Right: test scores averaged over the"
            " emotions, ours as mean ± sample standard deviation over seeds (n/N if some are"
            " missing), published values as printed.",
            "Colours: points above or below the mean of the column, one scale for all columns.",
        ),
        figure=_draw(design, heats),
        data=_tabulate(design, heats),
    )


def find_design(study: Study, outcome: Outcome) -> pd.DataFrame | None:
    """Return the integers of every row by field; None unless rows differ only in two or more."""
    configs = study.configs(outcome.family, outcome.trained_scale)
    rows = {row: flatten(config) for row, config in configs.items()}
    varying = varying_fields(list(rows.values()))
    changed = [path for row in study.rows for path in row.change if path in varying]
    order = dict.fromkeys([*changed, *varying])  # the order in which the study writes the fields
    design = {path: [fields.get(path) for fields in rows.values()] for path in order}
    if len(varying) < MIN_FIELDS or any(type(v) is not int for vs in design.values() for v in vs):
        return None
    return pd.DataFrame(design, index=list(rows))


def _make_heat(block: OursBlock | PublishedBlock) -> Heat:
    """Make a heat map of a block's columns that are averages over the emotions."""
    if isinstance(block, OursBlock):
        scores = [[np.nan if c.mean is None else c.mean for c in row] for row in block.cells]
        is_compared = [[not cell.why_void for cell in row] for row in block.cells]
    else:
        units = [block.unit_of(column) for column in block.columns]
        factors = np.array([PERCENT if unit == "percent" else 1 for unit in units])
        printed = [[float(c.text) if c else np.nan for c in row] for row in block.cells]
        scores = (np.array(printed, dtype=np.float64) / factors).tolist()
        is_compared = [[True for _ in row] for row in block.cells]
    is_fraction = [find_metric(column.metric).unit == "percent" for column in block.columns]
    averages = [place for place, column in enumerate(block.columns) if column.emotion is None]
    return Heat(
        titles=(block_title(block), f"({block.origin})"),
        headers=tuple(block.columns[place].header for place in averages),
        scores=np.array(scores, dtype=np.float64)[:, averages],
        texts=tuple(
            tuple(replace(row[place], mark="").text for place in averages) for row in block.shown
        ),
        is_compared=(np.array(is_compared, dtype=np.bool_) & is_fraction)[:, averages],
    )


def _tabulate(design: pd.DataFrame, heats: Sequence[Heat]) -> pd.DataFrame:
    """List every score on a line of its own, with the integers of its row."""
    return pd.DataFrame(
        {
            "row": row,
            **design.loc[row].to_dict(),
            "corpus": " ".join(heat.titles),
            "metric": header,
            "score_fraction": heat.scores[place, column],
            "deviation_fraction": heat.deviations[place, column],
        }
        for heat in heats
        for place, row in enumerate(design.index)
        for column, header in enumerate(heat.headers)
    )


def _draw(design: pd.DataFrame, heats: Sequence[Heat]) -> Figure:
    points = [PERCENT * heat.deviations for heat in heats]
    reach = max(float(np.nanmax(np.abs(one), initial=0.0)) for one in points) or 1.0
    norm = Normalize(-reach / PALE, reach / PALE)
    widths = [0.66 * design.shape[1], *(_width(heat) for heat in heats)]
    with in_style():
        figure = Figure(figsize=(FULL_WIDTH_IN, FRAME_IN + ROW_IN * len(design)))
        panels = figure.subplots(1, len(widths), sharey=True, width_ratios=widths)
        _draw_design(panels[0], design)
        for axes, heat, colours in zip(panels[1:], heats, points, strict=True):
            _draw_cells(axes, heat.texts)
            axes.imshow(colours, cmap=HEAT_MAP, norm=norm, aspect="auto")
            axes.set_xticks(range(len(heat.headers)), list(map(show_name, heat.headers)))
            axes.set_title("\n".join(map(show_name, heat.titles)), fontsize=8)
        for axes in panels:
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
        bar = figure.colorbar(ScalarMappable(norm, HEAT_MAP), ax=panels, pad=0.01, aspect=30)
        bar.ax.set_ylim(-reach, reach)
        bar.outline.set_visible(False)
        bar.set_label("points from the mean")
    return figure


def _width(heat: Heat) -> float:
    """Return the width of a heat map's columns, in widths of a short number."""
    return sum(0.5 + 0.09 * max(map(len, texts)) for texts in zip(*heat.texts, strict=True))


def _draw_design(axes: Axes, design: pd.DataFrame) -> None:
    numbers = design.to_numpy(dtype=np.float64)
    _draw_cells(axes, [[str(number) for number in row] for row in design.to_numpy()])
    axes.imshow(numbers, cmap=DESIGN_MAP, vmin=0, vmax=numbers.max() / PALE, aspect="auto")
    axes.set_xticks(
        range(design.shape[1]), [name_field(str(path)).replace(" ", "\n") for path in design]
    )
    axes.set_yticks(range(len(design)), [show_name(row) for row in design.index])


def _draw_cells(axes: Axes, texts: Sequence[Sequence[str]]) -> None:
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            axes.text(column, row, text, ha="center", va="center", fontsize=7)
