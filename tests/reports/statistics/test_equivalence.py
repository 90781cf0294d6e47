from math import sqrt

import numpy as np
import pytest
from scipy.special import ndtr, stdtrit

from reports.statistics.equivalence import (
    equivalence_power,
    seeds_for_equivalence,
    smallest_margin,
)


@pytest.mark.parametrize(
    ("d_z", "margin", "num_seeds", "level"),
    [
        (0.0, 1.0, 5, 0.025),
        (0.5, 1.5, 10, 0.025 / 4),
        (-0.5, 1.5, 10, 0.025 / 4),
        (0.3, 5, 3, 0.01),
    ],
)
def test_power_is_how_often_both_tests_reject(
    d_z: float, margin: float, num_seeds: int, level: float
) -> None:
    drawn = np.random.default_rng(0).standard_normal((40_000, num_seeds)) + d_z
    std_errors = drawn.std(axis=1, ddof=1) / sqrt(num_seeds)
    reach = margin + stdtrit(num_seeds - 1, level) * std_errors
    shown = float((np.abs(drawn.mean(axis=1)) < reach).mean())
    error = 4 * sqrt(shown * (1 - shown) / 40_000)
    assert equivalence_power(d_z, margin, num_seeds, level) == pytest.approx(shown, abs=error)


def test_power_of_many_seeds_is_that_of_the_normal() -> None:
    bound = 0.1 * sqrt(2000) - 1.96
    expected = 2 * ndtr(bound) - 1
    assert equivalence_power(0.0, 0.1, 2000) == pytest.approx(expected, abs=2e-3)


def test_gap_on_the_margin_is_called_equivalent_no_more_often_than_the_level() -> None:
    assert equivalence_power(1.0, 1.0, 5, 0.025) < 0.025
    assert equivalence_power(3.0, 3.0, 10, 0.025) == pytest.approx(0.025, abs=1e-4)


def test_seeds_are_the_fewest_that_suffice() -> None:
    seeds = seeds_for_equivalence(0.0, 0.44)
    assert seeds is not None
    assert equivalence_power(0.0, 0.44, seeds) >= 0.8 > equivalence_power(0.0, 0.44, seeds - 1)
    assert seeds_for_equivalence(0.0, 100.0) == 3


def test_gap_that_is_not_within_the_margin_is_never_shown_to_be() -> None:
    assert seeds_for_equivalence(0.5, 0.5) is None
    assert seeds_for_equivalence(0.0, 0.01) is None


def test_smallest_margin_is_shown_with_the_power_asked_for() -> None:
    margin = smallest_margin(5, 0.01, power=0.9)
    assert equivalence_power(0.0, margin, 5, 0.01) == pytest.approx(0.9, abs=1e-6)
