import pytest

from reports.figures.lines import draw_lines
from reports.ledger.ledger import Ledger
from search_spaces.studies.xia2022 import BOTTLENECKS, SEM
from search_spaces.study import Row
from tests.reports.factories import collect, make_study, write_rows


def draw(storage, study, num_seeds=3, **given):
    ledger = Ledger(storage)
    keys = write_rows(ledger, study, range(len(study.rows)), num_seeds)
    return draw_lines(study, collect(study, keys, ledger, **given))


def test_line_shows_scores_over_the_number(tmp_path) -> None:
    drawing = draw(tmp_path, BOTTLENECKS, corpus="iemocap")
    data = drawing.data[drawing.data["metric"] == "Acc"]
    means = data[data["what"] == "mean"]
    assert means["value"].tolist() == [1, 2, 4, 8, 16]
    # row n has n, n + 1 and n of 20 utterances wrong
    assert means["score_fraction"].tolist() == pytest.approx(
        [1 - (n + 1 / 3) / 20 for n in range(5)]
    )
    half_width = 4.302653 * (3**-0.5 / 20) / 3**0.5
    assert (means["high_fraction"] - means["score_fraction"]).tolist() == pytest.approx(
        [half_width] * 5
    )
    published = data[data["what"] == "published"]
    assert published[["row", "value", "score_fraction"]].to_numpy().tolist() == [["4", 4, 0.874]]
    assert drawing.figure.axes[0].get_xscale() == "log"
    assert "Not on a line" not in drawing.caption


def test_branches_stand_beside_each_other(tmp_path) -> None:
    drawing = draw(tmp_path, SEM)
    assert drawing.data.groupby("branch")["row"].nunique().to_dict() == {"SER": 5, "FER": 5}
    axes = drawing.figure.axes[0]
    lines = [container.lines[0] for container in axes.containers]
    gaps = lines[1].get_xdata() - lines[0].get_xdata()
    assert (gaps > 0).all()
    assert (gaps < 0.1).all()
    assert [label.get_text() for label in axes.get_xticklabels()] == [*"01234"]
    assert axes.get_xscale() == "linear"


def test_users_own_number_has_a_line_and_other_rows_are_named(tmp_path) -> None:
    rows = [Row(name=f"width {w}", change={"model.width": w}) for w in (16, 32, 64)]
    other = Row(name="late", change={"model.head": {"kind": "cls"}, "model.fusion.depth": 1})
    drawing = draw(tmp_path, make_study(rows=(*rows, other)))
    assert set(drawing.data["branch"]) == {"width"}
    assert "Not on a line: late." in drawing.caption


def test_one_seed_has_no_interval(tmp_path) -> None:
    drawing = draw(tmp_path, BOTTLENECKS, num_seeds=1)
    assert drawing.data["low_fraction"].isna().all()
    assert "Error bars" not in drawing.caption


def test_nothing_is_drawn_without_a_branch_or_without_a_trial(tmp_path) -> None:
    assert draw(tmp_path, make_study(["1-1-1-1", "2-2-2-2"])) is None
    keys = {row.name: ("missing",) for row in BOTTLENECKS.rows}
    assert draw_lines(BOTTLENECKS, collect(BOTTLENECKS, keys, Ledger(tmp_path))) is None
