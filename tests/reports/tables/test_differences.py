import numpy as np
import pytest
from scipy import stats

from reports.scores.cells import Cell, SeedScore
from reports.statistics.multiplicity import benjamini_hochberg, holm
from reports.tables.differences import (
    Difference,
    find_ties,
    mark,
    pair,
    subtract_published,
    subtract_row,
)


def make_cell(row: str, *scores: float, num_planned: int | None = None) -> Cell:
    seeds = tuple(SeedScore(f"{row}-{seed}", seed, score) for seed, score in enumerate(scores))
    return Cell(row, "synthetic", "f1", seeds, num_planned or len(scores))


def without_seed(cell: Cell, seed: int) -> Cell:
    scores = tuple(one for one in cell.scores if one.seed != seed)
    return Cell(cell.row, cell.corpus, cell.metric, scores, cell.num_planned)


def is_distinct(difference: Difference | None) -> bool | None:
    assert difference is not None
    return difference.distinct


BASELINE = make_cell("baseline", 0.50, 0.52, 0.54, 0.56)
FAR = make_cell("far", 0.60, 0.63, 0.64, 0.67)
NEAR = make_cell("near", 0.51, 0.55, 0.52, 0.57)


def test_scores_are_paired_by_seed():
    pairs = pair(without_seed(FAR, 1), BASELINE)
    assert [(ours.seed, theirs.seed) for ours, theirs in pairs] == [(0, 0), (2, 2), (3, 3)]
    gaps = [ours.score - theirs.score for ours, theirs in pairs]
    assert gaps == pytest.approx([0.10, 0.10, 0.11])


def test_difference_to_a_row_is_that_of_the_common_seeds():
    _, difference = subtract_row([without_seed(BASELINE, 0), FAR], 0)
    assert difference is not None
    assert difference.to == "baseline"
    assert difference.seeds == ((1, "far-1"), (2, "far-2"), (3, "far-3"))
    assert difference.mean == pytest.approx(0.32 / 3)
    assert difference.std == pytest.approx(np.std([0.11, 0.10, 0.11], ddof=1))
    assert (difference.num_values, difference.num_planned) == (3, 4)


def test_interval_is_that_of_scipy():
    difference = subtract_row([BASELINE, FAR], 0)[1]
    assert difference is not None
    expected = stats.ttest_rel([0.60, 0.63, 0.64, 0.67], [0.50, 0.52, 0.54, 0.56])
    assert difference.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))


@pytest.mark.parametrize("values", [(), (0.1,)])
def test_fewer_than_two_differences_have_no_interval(values):
    difference = Difference("baseline", values, (), num_planned=2)
    assert (difference.std, difference.interval) == (None, None)


def test_baseline_has_no_difference_to_itself():
    assert subtract_row([FAR, BASELINE], 1)[1] is None


def test_differences_are_told_from_0_by_a_paired_t_test():
    ((_, far, near),) = mark([subtract_row([BASELINE, FAR, NEAR], 0)], holm)
    assert (is_distinct(far), is_distinct(near)) == (True, False)


def test_two_pairs_are_not_tested():
    ((_, difference),) = mark([subtract_row([BASELINE, make_cell("two", 0.6, 0.6)], 0)], holm)
    assert difference is not None
    assert difference.distinct is None
    assert difference.num_values == 2


def test_equal_differences_are_decided_by_their_sign():
    """Without a spread p is 0, or 1 where the rows are equal."""
    shifted = make_cell("shifted", *(one.score + 0.125 for one in BASELINE.scores))
    same = make_cell("same", *(one.score for one in BASELINE.scores))
    ((_, up, equal),) = mark([subtract_row([BASELINE, shifted, same], 0)], holm)
    assert (is_distinct(up), is_distinct(equal)) == (True, False)


@pytest.mark.parametrize(("num_rows", "distinct"), [(1, True), (3, False)])
def test_marks_of_a_column_are_corrected_together(num_rows, distinct):
    """p = .0298 alone; Holm multiplies the least of three by three."""
    baseline = make_cell("baseline", 0.50, 0.50, 0.50)
    row = make_cell("row", 0.51, 0.52, 0.515)
    p = stats.ttest_1samp([0.01, 0.02, 0.015], 0).pvalue
    assert p < 0.05 < 3 * p
    (differences,) = mark([subtract_row([baseline, *[row] * num_rows], 0)], holm)
    assert {is_distinct(one) for one in differences[1:]} == {distinct}


def test_columns_of_one_family_are_corrected_together():
    """The p of .0298 and a tiny one: Benjamini-Hochberg keeps both, Holm the larger not in four."""
    baseline = make_cell("baseline", 0.50, 0.50, 0.50)
    marginal = make_cell("row", 0.51, 0.52, 0.515)
    none = make_cell("none", 0.51, 0.49, 0.505)
    columns = [subtract_row([baseline, one], 0) for one in (marginal, none)]
    assert [is_distinct(column[1]) for column in mark(columns[:1], benjamini_hochberg)] == [True]
    assert [is_distinct(column[1]) for column in mark(columns, benjamini_hochberg)] == [
        False,
        False,
    ]


def test_difference_names_the_trials_of_both_rows():
    _, difference = subtract_row([BASELINE, FAR], 0)
    assert difference is not None
    assert difference.seeds[1] == (1, "far-1")
    assert difference.minus[1] == "baseline-1"


def test_published_value_is_subtracted_from_every_score():
    difference = subtract_published(NEAR, 0.50, 0.0005, "le_t6/d1111/IEMOCAP.F1")
    assert difference.to == "le_t6/d1111/IEMOCAP.F1"
    assert difference.values == pytest.approx((0.01, 0.05, 0.02, 0.07))
    assert difference.seeds[2] == (2, "near-2")


@pytest.mark.parametrize(
    ("published", "distinct"), [(0.6475, False), (0.6490, True), (0.4275, False), (0.4260, True)]
)
def test_published_value_outside_the_prediction_interval_is_distinct(published, distinct):
    """Mean .5375, std .0275, t(.975, 3) = 3.182: .5375 ± (.0979 + half a unit of .0125)."""
    difference = subtract_published(NEAR, published, 0.0125, "reference")
    assert difference.distinct == distinct


def test_published_value_is_not_tested_with_two_seeds():
    difference = subtract_published(make_cell("two", 0.5, 0.6), 0.9, 0.0005, "reference")
    assert (difference.distinct, difference.best_of) == (None, None)


@pytest.mark.parametrize(
    ("published", "best_of"), [(0.53, 1), (0.55, 2), (0.56, 3), (0.57, 4), (0.571, None)]
)
def test_best_of_says_how_lucky_a_run_would_be(published, best_of):
    """Of .51, .52, .55 and .57 the mean is .5375; best of 2 .555, of 3 .565, of 4 .57."""
    assert subtract_published(NEAR, published, 0.0005, "reference").best_of == best_of


def test_ties_are_with_the_highest_complete_mean():
    incomplete = make_cell("incomplete", 0.9, 0.9, 0.9, num_planned=4)
    close = make_cell("close", 0.61, 0.61, 0.64, 0.66)
    assert find_ties([BASELINE, FAR, incomplete, close]) == [False, None, None, True]


def test_ties_are_corrected_over_all_pairs_of_the_column():
    """Four rows have six pairs: p = .0163 is below .05/3, not below .05/6."""
    rng = np.random.default_rng(3)
    best = make_cell("best", 0.70, 0.71, 0.70, 0.70)
    near = make_cell("near", 0.69, 0.69, 0.68, 0.67)
    others = [make_cell(f"{n}", *(0.69 + rng.normal(0, 0.05, 4))) for n in range(2)]
    p = stats.ttest_rel([0.70, 0.71, 0.70, 0.70], [0.69, 0.69, 0.68, 0.67]).pvalue
    assert 3 * p < 0.05 < 6 * p
    assert find_ties([best, near]) == [None, False]
    assert find_ties([best, near, *others])[1] is True


def test_column_without_a_complete_cell_has_no_ties():
    assert find_ties([make_cell("a", 0.5, num_planned=3), make_cell("b", num_planned=3)]) == [
        *(None, None)
    ]
