from math import sqrt

import numpy as np
import pytest

from benchmarks.tuning_coverage import (
    LAWS,
    differ,
    ends_of,
    run_differs,
    share_held,
    share_of_ranks,
    smirnov_limits,
    tie,
    true_curve,
)
from reports.search.bands import Band, median_best_band, rank_limits

REPEATS = 1000
STD_ERROR = sqrt(0.95 * 0.05 / REPEATS)


def test_ranks_are_held_at_the_level() -> None:
    share = share_of_ranks(30, REPEATS, np.random.default_rng(0))
    assert share == pytest.approx(0.95, abs=3.5 * STD_ERROR)


@pytest.mark.parametrize("law", LAWS)
def test_band_holds_the_curve_of_every_law(law: str) -> None:
    assert share_held(law, 30, REPEATS, np.random.default_rng(0)) > 0.95 - 3 * STD_ERROR


def test_curve_is_the_median_of_the_best() -> None:
    rng = np.random.default_rng(0)
    best = np.maximum.accumulate(rng.random((20_000, 4)), axis=1)
    assert np.median(best, axis=0) == pytest.approx(true_curve(4), abs=0.015)
    assert np.median(tie(best), axis=0).tolist() == tie(true_curve(4)).tolist()


def test_ends_are_those_of_the_band() -> None:
    scores = np.arange(1, 101) / 200
    low, high = median_best_band(scores, scores, 0.95)
    assert ends_of(rank_limits(100, 0.95)) == ((high < 1).sum(), round(200 * low[-1]))


def test_smirnov_is_within_a_constant_of_the_share() -> None:
    """Its critical value at 10 is .40925 (Massey 1951: .410)."""
    low, high = smirnov_limits(10)
    assert low[-1] == pytest.approx(1 - 0.40925, abs=1e-4)
    assert high[0] == pytest.approx(0.40925, abs=1e-4)
    assert ends_of(Band(low, high))[0] == 1


def test_searches_differ_where_bands_are_apart() -> None:
    scores = np.linspace(0.4, 0.5, 60)
    assert differ(scores, scores - 0.3)
    assert differ(scores - 0.3, scores)
    assert not differ(scores, scores)


def test_run_differs_where_few_or_nearly_all_reach_it() -> None:
    scores = np.linspace(0.4, 0.5, 300)
    assert run_differs(np.full(5, 0.9), scores) == (True, False)
    assert run_differs(np.full(60, 0.2), scores) == (True, True)
    assert run_differs(np.full(5, 0.45), scores) == (False, False)
