import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from reports.figures.style import Drawing
from reports.ledger.search_result import SearchResult
from reports.search.figures import draw_front, draw_history, draw_importances, draw_search
from tests.reports.search.factories import (
    STOPPED,
    make_costly,
    make_front,
    make_result,
    make_search,
)

IMPORTANCES = {"f1": {"fusion": 0.25, "system": 0.75}, "parameters": {"system": 1.0}}


def line_of(axes: Axes, label: str) -> Line2D:
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return line


def x_of(line: Line2D) -> list[float]:
    return np.asarray(line.get_xdata()).tolist()


def y_of(line: Line2D) -> list[float]:
    return np.asarray(line.get_ydata()).tolist()


def made(drawing: Drawing | None) -> Drawing:
    assert drawing is not None
    return drawing


def test_front_shows_all_finished_candidates_and_marks_the_front() -> None:
    drawing = made(draw_front(make_front()))
    assert drawing.data["number"].tolist() == [0, 1, 2, 3]
    assert drawing.data["is_best"].tolist() == [True, False, True, True]
    (axes,) = drawing.figure.axes
    assert y_of(line_of(axes, "finished")) == [50, 37.5, 75, 25]
    assert x_of(line_of(axes, "Pareto front")) == [1e4, 2e6, 68_050_694]
    assert y_of(line_of(axes, "Pareto front")) == [25, 50, 75]
    assert [text.get_text() for text in axes.texts] == ["3", "0", "2"]
    assert axes.get_xscale() == "log"


def test_stopped_candidates_are_left_out_and_counted() -> None:
    assert "4 finished, 1 stopped early" in made(draw_front(make_front())).caption


def test_costs_that_differ_little_have_a_linear_axis() -> None:
    near = [make_costly(n, 0.5, 1e6 * (1 + n), is_best=not n) for n in range(3)]
    drawing = made(draw_front(make_result(*near, costs=("parameters",))))
    assert drawing.figure.axes[0].get_xscale() == "linear"


def test_every_cost_has_a_panel_and_no_line_joins_a_front_of_three_objectives() -> None:
    scores = {"f1": 0.5, "parameters": 1e6, "macs": 2e9}
    one = make_costly(0, 0.5, 1e6, scores=scores, is_best=True)
    drawing = made(draw_front(make_result(one, costs=("parameters", "macs"))))
    panels = drawing.figure.axes
    assert [axes.get_xlabel() for axes in panels] == ["Parameters", "MACs a clip"]
    assert {line_of(axes, "Pareto front").get_linestyle() for axes in panels} == {"None"}


def test_history_is_the_best_so_far() -> None:
    drawing = made(draw_history(make_search()))
    assert drawing.data["f1"].tolist() == [0.375, 0.625, 0.5]
    assert drawing.data["best_so_far"].tolist() == [0.375, 0.625, 0.625]
    dots, line = drawing.figure.axes[0].lines
    assert y_of(dots) == [37.5, 62.5, 50]
    assert y_of(line) == [37.5, 62.5, 62.5]


def test_importances_are_bars_in_percent_by_field() -> None:
    drawing = made(draw_importances(make_search(importances=IMPORTANCES)))
    data = drawing.data.set_index(["objective", "field"])["importance"]
    assert data["f1", "fusion"] == 0.25
    (axes,) = drawing.figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["system", "fusion"]
    bars = [{round(b.get_y()): b.get_width() for b in of_one} for of_one in axes.containers]
    assert bars == [{0: 75, 1: 25}, {0: 100}]
    assert "unreliable" in drawing.caption


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (make_search(), ["history", "tuning"]),
        (make_search(importances=IMPORTANCES), ["history", "tuning", "importances"]),
        (make_front(), ["pareto"]),
        (make_result(STOPPED), []),
        (make_result(STOPPED, costs=("macs",)), []),
    ],
)
def test_only_figures_that_make_sense_are_drawn(result: SearchResult, names: list[str]) -> None:
    assert [drawing.name for drawing in draw_search(result)] == names
