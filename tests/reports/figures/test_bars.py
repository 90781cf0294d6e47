import shutil
from statistics import fmean, stdev

import pytest

from reports.figures.bars import draw_bars
from reports.figures.style import COLUMN_WIDTH_IN, FULL_WIDTH_IN
from reports.ledger.ledger import Ledger
from tests.reports.factories import collect, make_study, write_rows

ACCURACIES = [0.8, 0.75, 0.8]
"""Of the first row: 4, 5 and 4 of 20 utterances are wrong in every emotion."""


def draw(storage, study=None, num_seeds=3, unfinished=(), **given):
    study, ledger = study or make_study(), Ledger(storage)
    keys = write_rows(ledger, study, range(4, 4 - len(study.rows), -1), num_seeds)
    for key in unfinished:
        shutil.rmtree(ledger.folder(key))
    return draw_bars(study, collect(study, keys, ledger, **given))


def select(drawing, what, row="1-1-1-1", metric="Acc"):
    data = drawing.data
    return data[(data["row"] == row) & (data["metric"] == metric) & (data["what"] == what)]


def test_bars_show_mean_spread_seeds_and_published_value(tmp_path) -> None:
    drawing = draw(tmp_path, corpus="iemocap")
    mean = select(drawing, "mean").iloc[0]
    assert mean["score_fraction"] == pytest.approx(fmean(ACCURACIES))
    assert mean["std_fraction"] == pytest.approx(stdev(ACCURACIES))
    assert mean["num_seeds"] == 3
    assert select(drawing, "seed")["score_fraction"].tolist() == pytest.approx(ACCURACIES)
    assert select(drawing, "seed")["seed"].tolist() == [0, 1, 2]
    assert select(drawing, "published")["score_fraction"].tolist() == pytest.approx([0.8379])
    assert select(drawing, "published", row="ours").empty
    axes = drawing.figure.axes[0]
    assert axes.patches[0].get_width() == pytest.approx(100 * fmean(ACCURACIES))
    assert axes.get_xlim() == (0, 100)
    assert "Hollow diamonds: the published value" in drawing.caption
    assert drawing.name == "depth-bars"


def test_published_values_of_other_corpora_are_not_drawn(tmp_path) -> None:
    drawing = draw(tmp_path)
    assert set(drawing.data["what"]) == {"mean", "seed"}
    assert "published value" not in drawing.caption


def test_row_without_a_score_keeps_its_place(tmp_path) -> None:
    drawing = draw(tmp_path, unfinished=["1-0", "1-1", "1-2"])
    assert set(drawing.data["row"]) == {"1-1-1-1", "ours"}
    axes = drawing.figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1-1-1-1", "2-2-2-2", "ours"]
    assert [patch.get_y() + patch.get_height() / 2 for patch in axes.patches] == [0, 2]
    assert "6 of 9 planned trials are finished" in drawing.caption


def test_one_seed_has_no_error_bar(tmp_path) -> None:
    drawing = draw(tmp_path, num_seeds=1)
    assert drawing.figure.axes[0].containers[1:] == []
    assert "Error bars" not in drawing.caption


def test_nothing_is_drawn_before_a_trial_is_finished(tmp_path) -> None:
    study = make_study()
    keys = {row.name: ("missing",) for row in study.rows}
    assert draw_bars(study, collect(study, keys, Ledger(tmp_path))) is None


def test_three_metrics_need_the_full_width(tmp_path) -> None:
    assert draw(tmp_path / "two").figure.get_figwidth() == COLUMN_WIDTH_IN
    columns = {"*": [{"metric": m, "header": m} for m in ("acc", "wacc", "f1")]}
    three = draw(tmp_path / "three", make_study(columns=columns))
    assert three.figure.get_figwidth() == FULL_WIDTH_IN
