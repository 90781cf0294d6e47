import itertools

import numpy as np
import pytest

from reports.statistics.compatibility import compatible, expected_best, smallest_best_of

SCORES = np.array([0.60, 0.61, 0.62])
REACH = 4.302653 * 0.01 * np.sqrt(4 / 3)
"""t(.975, 2) std sqrt(1 + 1/3), from a printed table of t"""


@pytest.mark.parametrize("sign", [-1, 1])
def test_published_number_is_compatible_within_the_prediction_interval(sign: int) -> None:
    assert compatible(SCORES, 0.61 + sign * (REACH - 1e-6), half_unit=0.0)
    assert not compatible(SCORES, 0.61 + sign * (REACH + 1e-6), half_unit=0.0)
    assert compatible(SCORES, 0.61 + sign * (REACH + 0.0004), half_unit=0.0005)


def test_equal_scores_leave_the_rounding_unit() -> None:
    scores = np.full(3, 0.5)
    assert compatible(scores, 0.5004, half_unit=0.0005)
    assert not compatible(scores, 0.5006, half_unit=0.0005)


def test_prediction_interval_covers_one_more_seed() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(0.6, 0.01, (2000, 6))
    covered = np.mean([compatible(row[:5], row[5], half_unit=0.0) for row in draws])
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 2000))


def test_prediction_interval_needs_two_scores() -> None:
    with pytest.raises(ValueError, match="two scores, not 1"):
        compatible(SCORES[:1], 0.6, half_unit=0.0)


@pytest.mark.parametrize("num_runs", [1, 2, 3, 4])
def test_expected_best_is_the_mean_over_all_choices_of_k_runs(num_runs: int) -> None:
    scores = np.array([0.4, 0.7, 0.5, 0.5])
    expected = np.mean([max(drawn) for drawn in itertools.combinations(scores, num_runs)])
    assert expected_best(scores, num_runs) == pytest.approx(expected)


def test_expected_best_is_unbiased() -> None:
    """The best of three normal scores lies .8463 standard deviations above their mean."""
    drawn = np.random.default_rng(0).standard_normal((20_000, 5))
    found = np.array([expected_best(scores, 3) for scores in drawn])
    error = 4 * found.std() / np.sqrt(len(found))
    assert found.mean() == pytest.approx(1.5 / np.sqrt(np.pi), abs=error)


@pytest.mark.parametrize("num_runs", [0, 4])
def test_scores_tell_of_no_more_runs_than_they_are(num_runs: int) -> None:
    with pytest.raises(ValueError, match=f"3 scores cannot tell of the best of {num_runs} runs"):
        expected_best(SCORES, num_runs)


def test_best_of_k_counts_how_lucky_one_run_must_be() -> None:
    scores = np.array([0.0, 1.0, 0.0, 0.0])  # the best of K is K / 4
    assert [smallest_best_of(scores, p) for p in (0.2, 0.25, 0.3, 0.75, 0.8)] == [1, 1, 2, 3, 4]


def test_no_k_reaches_more_than_the_best_score() -> None:
    assert smallest_best_of(SCORES, 0.63) is None
    assert smallest_best_of(SCORES, 0.62) == 3
    assert smallest_best_of(np.full(3, 0.5), 0.5) == 1


def test_best_of_k_needs_a_score() -> None:
    with pytest.raises(ValueError, match="needs a score"):
        smallest_best_of(np.array([]), 0.6)
