import numpy as np
import pytest

from reports.statistics.collapse import find_collapsed

ROW = [0.70, 0.71, 0.69, 0.72, 0.30]
"""The median is .70; the other distances are .01, .01, .02 and .40: robust std .0222."""


def fallen(*rows: list[float]) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in find_collapsed([np.array(r) for r in rows])]


def test_seed_far_below_the_others_collapsed() -> None:
    assert fallen(ROW) == [[4]]


@pytest.mark.parametrize(("last", "seeds"), [(0.635, []), (0.63, [4])])
def test_far_is_three_robust_standard_deviations(last: float, seeds: list[int]) -> None:
    assert fallen([*ROW[:4], last]) == [seeds]


def test_seed_far_above_the_others_did_not_collapse() -> None:
    assert fallen([0.70, 0.71, 0.69, 0.72, 0.99]) == [[]]


def test_spread_of_all_rows_is_used_where_it_is_larger() -> None:
    wide = [0.60, 0.80, 0.75, 0.65, 0.70]
    assert fallen([0.70, 0.71, 0.69, 0.72, 0.60], wide, wide) == [[], [], []]
    assert fallen([0.70, 0.71, 0.69, 0.72, 0.10], wide, wide) == [[4], [], []]


def test_few_seeds_never_collapse() -> None:
    assert fallen(ROW[1:], [], [0.5]) == [[], [], []]


def test_nothing_is_far_where_most_scores_are_equal() -> None:
    assert fallen([0.7, 0.7, 0.7, 0.7, 0.3]) == [[]]


def test_normal_seeds_seldom_collapse_and_deep_ones_do() -> None:
    drawn = np.random.default_rng(0).standard_normal((1000, 6, 5))
    drawn[:, 0, 0] -= 8
    found = np.array([find_collapsed(list(rows)) for rows in drawn])
    assert found[:, 1:].any(axis=2).mean() < 0.02
    assert found[:, 0, 0].mean() > 0.8
