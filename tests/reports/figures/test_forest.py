import pytest
from scipy.stats import ttest_rel

from reports.figures.forest import draw_forest
from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from search_spaces.study import ANY_CORPUS, Column
from tests.reports.factories import (
    EMOTIONS,
    collect,
    make_split,
    make_study,
    make_trial,
    write_trial,
)

COLUMNS = {ANY_CORPUS: (Column(metric="acc", header="Acc"),)}
BASE, FAR, NEAR = (2, 2, 2, 2), (6, 8, 7, 9), (3, 1, 4, 3)
"""How many of 20 utterances are wrong in every emotion, by seed."""


def draw(storage, *wrong, **changes):
    """Draw rows named `base`, `row 1`, ... of which each seed has so many wrong utterances."""
    names = ["base", *(f"row {number}" for number in range(1, len(wrong)))]
    study = make_study(names, **({"columns": COLUMNS, "compared_with": "base"} | changes))
    ledger, keys = Ledger(storage), {}
    for name, counts in zip(names, wrong, strict=True):
        keys[name] = tuple(f"{name}-{seed}" for seed in range(4))
        for seed, count in enumerate(counts):
            write_trial(ledger, make_trial(seed), make_split(seed, count), key=keys[name][seed])
    return draw_forest(study, collect(study, keys, ledger), TrialScores(ledger))


def accuracy(counts):
    return [1 - count / 20 for count in counts]


def test_differences_are_paired_and_corrected_over_rows_and_emotions(tmp_path) -> None:
    data = draw(tmp_path, BASE, FAR, NEAR).data
    assert data["emotion"].unique().tolist() == ["Anger", "Happy", "Sad", "Average"]
    p_far = ttest_rel(accuracy(FAR), accuracy(BASE)).pvalue
    p_near = ttest_rel(accuracy(NEAR), accuracy(BASE)).pvalue
    assert p_far < 0.025 < 0.05 < p_near
    far = data[data["row"] == "row 1"]
    assert far["difference_fraction"].tolist() == pytest.approx([-0.275] * 4)
    half_width = 3.182446 * (5 / 3 / 4) ** 0.5 / 20
    assert far["low_fraction"].tolist() == pytest.approx([-0.275 - half_width] * 4)
    assert far["p"].tolist() == pytest.approx([p_far] * 4)
    # the three smallest of six equal p's are multiplied by 6 / 3
    assert far["adjusted_p"].tolist() == pytest.approx(
        [2 * p_far] * 3 + [float("nan")], nan_ok=True
    )
    assert far["distinct"].tolist() == [True] * 4
    near = data[data["row"] == "row 2"]
    assert near["adjusted_p"].tolist()[:3] == pytest.approx([p_near] * 3)
    assert near["distinct"].tolist() == [False] * 4


def test_marks_are_filled_where_the_difference_is_told_from_none(tmp_path) -> None:
    drawing = draw(tmp_path, BASE, FAR, NEAR)
    panels = drawing.figure.axes
    assert [axes.get_title() for axes in panels] == ["Anger", "Happy", "Sad", "Average"]
    marks = [line for line in panels[0].lines if line.get_marker() == "o"]
    assert [mark.get_xdata()[0] for mark in marks] == pytest.approx([-27.5, -3.75])
    assert [mark.get_markerfacecolor() == "white" for mark in marks] == [False, True]
    assert "to the row base" in drawing.caption
    assert "Benjamini-Hochberg over all rows and emotions" in drawing.caption


def test_fewer_than_three_common_seeds_are_not_tested(tmp_path) -> None:
    drawing = draw(tmp_path, BASE, FAR[:2])
    assert drawing.data["num_seeds"].tolist() == [2] * 4
    assert (
        drawing.data[["low_fraction", "high_fraction", "p", "adjusted_p", "distinct"]]
        .isna()
        .all(axis=None)
    )
    assert "not tested" in drawing.caption
    assert "Student" not in drawing.caption


def test_f1_is_taken_before_other_metrics(tmp_path) -> None:
    columns = {ANY_CORPUS: (*COLUMNS[ANY_CORPUS], Column(metric="f1", header="F-one"))}
    assert set(draw(tmp_path, BASE, FAR, columns=columns).data["metric"]) == {"F-one"}


def test_emotions_are_named_as_in_the_table(tmp_path) -> None:
    column = Column(metric="f1", header="F1", group="Rage", emotion=EMOTIONS[0])
    drawing = draw(tmp_path, BASE, FAR, columns={ANY_CORPUS: (column,)})
    assert drawing.figure.axes[0].get_title() == "Rage"


@pytest.mark.parametrize("wrong", [[BASE], [(), FAR], [BASE, ()]], ids=["one", "base", "row"])
def test_nothing_is_drawn_without_two_finished_rows(tmp_path, wrong) -> None:
    assert draw(tmp_path, *wrong) is None
