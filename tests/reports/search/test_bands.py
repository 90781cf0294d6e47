from math import nan, sqrt

import numpy as np
import pytest
from scipy.special import betainc

from reports.search.bands import (
    Floats,
    held_share,
    median_best,
    median_best_band,
    rank_limits,
    reaching_band,
)

NUM, REPEATS, LEVEL = 20, 2000, 0.95
STD_ERROR = sqrt(LEVEL * (1 - LEVEL) / REPEATS)
TRUE_CURVE = 0.5 ** (1 / np.arange(1, NUM + 1))
"""The median of the best of K uniform draws."""


def draw() -> Floats:
    """Draw uniform scores, (repeats, candidates)."""
    return np.random.default_rng(0).random((REPEATS, NUM))


@pytest.mark.parametrize(
    ("low", "high", "share"),
    [
        ((0.1,), (0.9,), 0.8),
        ((0.0, 0.0), (0.5, 1.0), 0.75),  # 1 - P(both above .5)
        ((0.1, 0.3), (0.5, 0.9), 0.44),  # 2 (.4 * .6 - .2^2 / 2), the pairs in order
        ((0.0, 0.6), (0.3, 0.65), 0.03),  # 2 * .3 * .05
        ((0.0, 0.6), (0.3, 0.5), 0.0),
    ],
)
def test_share_of_draws_between_limits(
    low: tuple[float, ...], high: tuple[float, ...], share: float
) -> None:
    assert held_share(np.array(low), np.array(high)) == pytest.approx(share, abs=1e-12)


def test_one_draw_has_the_limits_of_its_quantiles() -> None:
    low, high = rank_limits(1, 0.9)
    assert (low[0], high[0]) == pytest.approx((0.05, 0.95))


@pytest.mark.parametrize("num", [2, 30, 300])
def test_limits_leave_out_equal_tails_and_hold_together_with_the_level(num: int) -> None:
    low, high = rank_limits(num, LEVEL)
    ranks = np.arange(1, num + 1)
    tails = [*betainc(ranks, num + 1 - ranks, low), *(1 - betainc(ranks, num + 1 - ranks, high))]
    assert tails == pytest.approx([tails[0]] * (2 * num), rel=1e-6)
    assert held_share(low, high) == pytest.approx(LEVEL, abs=1e-8)


@pytest.mark.parametrize("level", [0.5, LEVEL])
def test_limits_hold_all_ordered_draws_as_often_as_they_say(level: float) -> None:
    low, high = rank_limits(NUM, level)
    ordered = np.sort(draw(), axis=1)
    held = ((low <= ordered) & (ordered <= high)).all(axis=1).mean()
    assert held == pytest.approx(level, abs=3 * sqrt(level * (1 - level) / REPEATS))


def test_median_of_the_best_of_four() -> None:
    """Half, .707, .794 and .841 of the scores are ranks 2, 3, 4 and 4."""
    assert median_best([0.4, 0.1, 0.3, 0.2]).tolist() == [0.2, 0.3, 0.4, 0.4]
    assert median_best([0.7]).tolist() == [0.7]


def test_one_candidate_limits_nothing() -> None:
    low, high = median_best_band([0.4], [0.4], 0.9)
    assert (low.tolist(), high.tolist()) == ([0], [1])


def test_band_is_that_of_opda() -> None:
    """Of opda 0.8.0, method `ld_equal_tailed`, on the scores 0, .01, ... .29."""
    low, high = median_best_band(np.arange(30) / 100, np.arange(30) / 100, LEVEL)
    budgets = np.array([1, 2, 3, 5, 10, 30])
    assert low[budgets - 1].tolist() == [0.06, 0.13, 0.16, 0.19, 0.22, 0.25]
    assert high[budgets - 1].tolist() == [0.23, 0.28, 0.29, 1, 1, 1]


def share_held(least: Floats, most: Floats, curve: Floats) -> float:
    """Return the share of repeats whose band holds the whole curve."""
    bands = [median_best_band(*one, LEVEL) for one in zip(least, most, strict=True)]
    return float(np.mean([((b.low <= curve) & (curve <= b.high)).all() for b in bands]))


def test_band_holds_the_whole_curve_as_often_as_it_says() -> None:
    scores = draw()
    assert share_held(scores, scores, TRUE_CURVE) > LEVEL - 3 * STD_ERROR
    assert share_held(scores, scores, TRUE_CURVE + 0.1) < 0.5


def test_band_holds_the_curve_of_scores_with_ties() -> None:
    scores = np.ceil(5 * draw()) / 5
    assert share_held(scores, scores, np.ceil(5 * TRUE_CURVE) / 5) > LEVEL - 3 * STD_ERROR


def test_band_holds_the_curve_of_candidates_that_were_stopped() -> None:
    """Those that learn late are stopped, with half their score; taken for all of it, it fails."""
    scores = draw()
    is_stopped = scores > 0.7
    least = np.where(is_stopped, scores / 2, scores)
    assert share_held(least, np.where(is_stopped, 1, scores), TRUE_CURVE) > LEVEL - 3 * STD_ERROR
    assert share_held(least, least, TRUE_CURVE) < 0.1


def test_share_that_reaches_a_score_is_limited_by_ranks() -> None:
    """One candidate: its quantile lies between .05 and .95."""
    low, high = reaching_band([0.4], [0.4], [0.5, 0.5, nan], 0.9)
    assert low.tolist() == [0, 0, 0]
    assert high.tolist() == pytest.approx([0.95, 1 - 0.05**2, 1])
    low, high = reaching_band([0.4], [0.4], [0.4, 0.3], 0.9)
    assert low.tolist() == pytest.approx([0.05, 1 - 0.95**2])
    assert high.tolist() == [1, 1]
    low, high = reaching_band([0.2], [1.0], [0.5], 0.9)  # it was stopped early
    assert (low.tolist(), high.tolist()) == ([0], [1])


@pytest.mark.parametrize(("num_reached", "num"), [(1, 136), (5, 727)])
def test_one_run_is_beyond_5_percent_only_beside_many_random_candidates(
    num_reached: int, num: int
) -> None:
    """The guide says that this takes about 140 times as many."""

    def most_reaching(num: int) -> float:
        scores = np.zeros(num)
        return float(reaching_band(scores, scores, np.full(num_reached, 0.9), LEVEL).high[-1])

    assert most_reaching(num) <= 0.05 < most_reaching(num - 1)


def test_share_that_reaches_a_score_is_held_as_often_as_it_says() -> None:
    goals = np.array([0.3, 0.6, 0.9, 0.97])
    budgets = np.arange(1.0, 5.0)
    bands = [reaching_band(scores, scores, goals, LEVEL) for scores in draw()]

    def share_held(true: Floats) -> float:
        return float(np.mean([((b.low <= true) & (true <= b.high)).all() for b in bands]))

    assert share_held(1 - goals**budgets) > LEVEL - 3 * STD_ERROR
    assert share_held(1 - (goals - 0.25) ** budgets) < 0.5
