import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from reports.statistics.power import power_of, seeds_needed, smallest_effect

STD_OF_DIFFERENCES = 0.8 * np.sqrt(2)


@pytest.mark.parametrize(
    ("points", "seeds"), [(0.3, 114), (0.9, 15), (1.39, 8), (2.31, 5), (3.2, 4)]
)
def test_seeds_of_published_gaps(points: float, seeds: int) -> None:
    """At a seed std of .8 points without correlation; figures worked out beforehand."""
    assert seeds_needed(points / STD_OF_DIFFERENCES) == seeds


@pytest.mark.parametrize("d_z", [-0.5, 0.0, 0.4, 2.0])
@pytest.mark.parametrize("num_seeds", [2, 5, 30])
def test_power_is_that_of_statsmodels(d_z: float, num_seeds: int) -> None:
    expected = TTestPower().power(d_z, num_seeds, 0.01, alternative="larger")
    assert power_of(d_z, num_seeds, 0.01) == pytest.approx(expected, abs=1e-9)


def test_power_of_no_gap_is_the_level() -> None:
    assert power_of(0.0, 7, 0.025) == pytest.approx(0.025)


def test_seeds_needed_are_the_fewest_that_suffice() -> None:
    seeds = seeds_needed(0.7, level=0.025 / 6, power=0.9)
    assert seeds is not None
    assert power_of(0.7, seeds, 0.025 / 6) >= 0.9 > power_of(0.7, seeds - 1, 0.025 / 6)


def test_no_verdict_needs_fewer_than_three_seeds() -> None:
    assert power_of(100.0, 2) > 0.8
    assert seeds_needed(100.0) == 3


def test_gaps_that_no_number_of_seeds_finds_need_none() -> None:
    assert seeds_needed(0.0) is None
    assert seeds_needed(-1.0) is None
    assert seeds_needed(0.01) is None
    # (1.960 + .842)^2 / .01^2 from the normal
    assert seeds_needed(0.01, most=100_000) == pytest.approx(78_489, abs=3)


@pytest.mark.parametrize("level", [0.025, 0.025 / 6, 0.0168])
@pytest.mark.parametrize("num_seeds", [3, 5, 10, 40])
def test_smallest_effect_is_that_of_statsmodels(num_seeds: int, level: float) -> None:
    solved = TTestPower().solve_power(
        nobs=num_seeds, alpha=level, power=0.8, alternative="larger", effect_size=None
    )
    assert smallest_effect(num_seeds, level) == pytest.approx(solved, rel=1e-5)


def test_smallest_effect_is_found_with_the_power_asked_for() -> None:
    assert power_of(smallest_effect(5, 0.01, power=0.9), 5, 0.01) == pytest.approx(0.9, abs=1e-6)
