import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from reports.figures.style import Drawing
from reports.ledger.search_result import SamplerName, SearchResult
from reports.search.curves import draw_comparison, draw_tuning
from reports.search.tuning import MIN_IN_FAMILY, make_curve
from tests.reports.search.factories import (
    STOPPED,
    make_candidate,
    make_front,
    make_result,
    make_search,
)

NUM = 3 * MIN_IN_FAMILY


def make_families(sampler: SamplerName) -> SearchResult:
    """Make a search in which every third candidate has an early fusion."""
    return make_result(
        *(
            make_candidate(n, 0.5 + n / 100, values={"fusion": "gated" if n % 3 else "early"})
            for n in range(NUM)
        ),
        sampler=sampler,
    )


def made(drawing: Drawing | None) -> Drawing:
    assert drawing is not None
    return drawing


def line_of(axes: Axes, label: str) -> Line2D:
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return line


def y_of(line: Line2D) -> list[float]:
    return np.asarray(line.get_ydata()).tolist()


def curve_in(drawing: Drawing, field: str, family: str) -> pd.DataFrame:
    data = drawing.data
    return data[(data["field"] == field) & (data["family"] == family)]


def test_every_family_has_its_curve_beside_that_of_all() -> None:
    result = make_families("random")
    drawing = made(draw_tuning(result))
    early = result.candidates[::3]
    curve = make_curve(result, early)
    of_early = curve_in(drawing, "fusion", "early")
    assert of_early["num_candidates"].tolist() == [1, 2, 3, 4, 5]
    assert of_early["best_f1"].tolist() == curve.best.tolist()
    assert curve.band is not None
    assert of_early["low"].tolist() == curve.band.low.tolist()
    assert of_early["high"].tolist() == curve.band.high.tolist()
    assert len(curve_in(drawing, "fusion", "gated")) == NUM - len(early)
    assert len(curve_in(drawing, "", "all candidates")) == NUM
    everything, fusion = drawing.figure.axes[:2]
    assert [everything.get_title(), fusion.get_title()] == ["all candidates", "fusion"]
    assert y_of(line_of(fusion, "early")) == pytest.approx(100 * curve.best)


def test_band_has_edges_where_candidates_limit_it() -> None:
    """Of five candidates one was stopped and may reach 1, so there is no upper edge."""
    (axes,) = made(draw_tuning(make_search(sampler="random"))).figure.axes
    low, high, line = map(y_of, axes.lines)
    assert np.isnan(high).all()
    assert [value for value in low if not np.isnan(value)] == [25, 25]
    assert line == [37.5, 50, 50, 62.5, 62.5]
    assert axes.get_ylim()[1] < 70


def test_band_is_shaded_between_its_edges() -> None:
    drawing = made(draw_tuning(make_families("random")))
    axes = drawing.figure.axes[0]
    low, high, _ = map(y_of, axes.lines)
    (shade,) = axes.collections
    num_limited = int((~np.isnan(high)).sum())
    assert 0 < num_limited < NUM
    (area,) = shade.get_paths()
    assert np.unique(np.asarray(area.vertices)[:, 1]) == pytest.approx(
        np.unique([*low[:num_limited], *high[:num_limited]])
    )


def test_run_has_no_band_and_says_why() -> None:
    drawing = made(draw_tuning(make_families("tpe")))
    assert drawing.data["low"].isna().all()
    assert drawing.data["high"].isna().all()
    assert not any(axes.collections for axes in drawing.figure.axes)
    assert "There is no band: each candidate was chosen by the scores of those before it" in (
        drawing.caption
    )


def test_caption_says_how_candidates_without_a_score_count() -> None:
    caption = made(draw_tuning(make_search(sampler="random"))).caption
    assert "Failed candidates count with F1 0. Those stopped early count with" in caption
    assert "hold" in caption
    assert "stopped early" not in made(draw_tuning(make_families("random"))).caption


def test_families_without_a_finished_candidate_have_no_line() -> None:
    stopped = [
        STOPPED.model_copy(update={"number": n, "values": {"fusion": name}})
        for n, name in enumerate(["gated", "early"] * MIN_IN_FAMILY)
    ]
    done = make_candidate(2 * MIN_IN_FAMILY, 0.5, values={"head": "cls"})
    drawing = made(draw_tuning(make_result(*stopped, done)))
    assert set(drawing.data["field"]) == {""}


def test_nothing_is_drawn_beside_a_cost_or_before_a_candidate_is_finished() -> None:
    assert draw_tuning(make_front()) is None
    assert draw_tuning(make_result(STOPPED)) is None


def test_comparison_is_drawn_and_tabled_by_number_of_candidates() -> None:
    ours = make_families("random")
    theirs = make_result(*(make_candidate(n, 0.2) for n in range(9)), space="theirs")
    drawing = made(draw_comparison(ours, theirs))
    assert drawing.name == "against-theirs-synthetic-tiny-f1"
    data = drawing.data
    assert data["num_candidates"].tolist() == list(range(1, 10))
    assert data["theirs_best_f1"].tolist() == [0.2] * 9
    assert data["theirs_low"].isna().all()
    pd.testing.assert_series_equal(
        data["difference_low"], data["ours_low"] - 0.2, check_names=False
    )
    assert data["reaching_low"].tolist() == sorted(data["reaching_low"])
    assert set(data["ours_is"]) == {"", "above"}
    (axes,) = drawing.figure.axes
    assert y_of(axes.lines[-1]) == [20] * 9
    assert "Two searches on the synthetic corpus at the tiny scale." in drawing.caption
    assert draw_comparison(ours, make_result(STOPPED)) is None
