"""Learning curves: losses and the main score on validation by epoch, one line for each row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reports.figures.style import COLOURS, FULL_WIDTH_IN, LINE_STYLES, Drawing, in_style
from reports.figures.words import PERCENT, show_name, write_figure_caption
from reports.ledger.record import MAIN_METRIC, Epoch, Record
from reports.scores.cells import Outcome
from search_spaces.study import Study

LINE_IN, FRAME_IN = 1.55, 0.35
MAX_ROWS_A_LINE = 6
"""If there are more rows, they are spread over several lines of panels."""


@dataclass(frozen=True)
class Curve:
    """A quantity that is drawn against the epoch; the axis shows its values times `factor`."""

    name: str
    title: str
    read: Callable[[Epoch], float]
    factor: float = 1.0


LOSSES = (
    Curve("train_loss", "Training loss", lambda epoch: epoch.train_loss),
    Curve("valid_loss", "Validation loss", lambda epoch: epoch.valid_loss),
)
F1 = Curve(
    "valid_f1_fraction", "Validation F1 (%)", lambda epoch: epoch.valid.get("f1", nan), PERCENT
)
CCC = Curve("valid_ccc", "Validation CCC", lambda epoch: epoch.valid.get("ccc", nan))
MAIN: Mapping[str, tuple[Curve, str]] = {
    "f1": (F1, "F1 on validation averaged over the emotions, in percent"),
    "ccc": (CCC, "CCC on validation averaged over the targets"),
}
"""The curve of each main metric (`reports.ledger.record.MAIN_METRIC`), in words too."""


def draw_curves(study: Study, outcome: Outcome) -> Drawing | None:
    """Draw the learning curves of the rows' trials; epochs count from 1, as in the terminal.

    Returns:
        Nothing if no trial has finished an epoch.
    """
    trials = {
        row.name: [
            outcome.records[key] for key in outcome.planned[row.name] if key in outcome.records
        ]
        for row in study.rows
    }
    trials = {row: records for row, records in trials.items() if records}
    if not any(record.result.epochs for records in trials.values() for record in records):
        return None
    first = next(record for records in trials.values() for record in records)
    main, words = MAIN[MAIN_METRIC[first.result.task]]
    curves = (*LOSSES, main)
    return Drawing(
        name=f"{study.name}-curves",
        title=f"{study.title}: learning curves",
        caption=write_figure_caption(
            study,
            outcome,
            f"Losses, and {words}, by epoch.",
            "Thick lines: means over seeds, as far as all of them were trained; thin lines: seeds;",
            "dots: the epoch whose model was kept.",
        ),
        figure=_draw(trials, curves),
        data=pd.DataFrame(
            {
                "row": row,
                "seed": record.trial.seed,
                "epoch": epoch.epoch + 1,
                "is_best": epoch.epoch == record.result.best_epoch,
                **{curve.name: curve.read(epoch) for curve in curves},
            }
            for row, records in trials.items()
            for record in records
            for epoch in record.result.epochs
        ),
    )


def _draw(trials: Mapping[str, Sequence[Record]], curves: Sequence[Curve]) -> Figure:
    num_lines = -(-len(trials) // MAX_ROWS_A_LINE)
    num_rows = -(-len(trials) // num_lines)
    with in_style():
        figure = Figure(figsize=(FULL_WIDTH_IN, FRAME_IN + LINE_IN * num_lines))
        grid = figure.subplots(num_lines, len(curves), sharex=True, sharey="col", squeeze=False)
        rows = list(trials.items())
        for place, panels in enumerate(grid):
            line = rows[place * num_rows : (place + 1) * num_rows]
            for axes, curve in zip(panels, curves, strict=True):
                for number, (row, records) in enumerate(line):
                    _draw_row(axes, curve, row, records, number)
            panels[-1].legend(loc="upper left", bbox_to_anchor=(1.02, 1))
        for axes, curve in zip(grid[0], curves, strict=True):
            axes.set_title(curve.title)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
    return figure


def _draw_row(axes: Axes, curve: Curve, row: str, records: Sequence[Record], number: int) -> None:
    colour, style = COLOURS[number], LINE_STYLES[number]
    lines = [_values(curve, record) for record in records]
    for record, line in zip(records, lines, strict=True):
        epochs = [epoch.epoch + 1 for epoch in record.result.epochs]
        axes.plot(epochs, line, color=colour, linewidth=0.4, alpha=0.45)
        if record.result.best is not None:
            best = record.result.best_epoch
            axes.plot(
                epochs[best],
                line[best],
                marker="o",
                markersize=2.2,
                markeredgewidth=0,
                color=colour,
            )
    common = min(len(line) for line in lines)
    mean = np.mean([line[:common] for line in lines], axis=0)
    epochs = [epoch.epoch + 1 for epoch in records[0].result.epochs[:common]]
    axes.plot(epochs, mean, color=colour, linestyle=style, label=show_name(row))


def _values(curve: Curve, record: Record) -> NDArray[np.float64]:
    return np.array([curve.factor * curve.read(epoch) for epoch in record.result.epochs])
