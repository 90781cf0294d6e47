import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from reports.statistics.effects import d_z, pairing_correlation, superiority

A = np.array([0.3, 0.5, 0.4, 0.9])
B = np.array([0.1, 0.5, 0.2, 0.3])


def test_pairing_correlation_is_pearsons() -> None:
    assert pairing_correlation(A, B) == pytest.approx(stats.pearsonr(A, B).statistic)


@pytest.mark.parametrize(("a", "b"), [(A[:2], B[:2]), (A, np.full(4, 0.1)), (np.full(4, 0.1), B)])
def test_pairing_correlation_of_too_little_is_none(a: np.ndarray, b: np.ndarray) -> None:
    assert pairing_correlation(a, b) is None


def test_d_z_is_in_units_of_the_sample_std() -> None:
    assert d_z(np.array([1.0, 2.0, 3.0])) == pytest.approx(2.0)


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.1, 0.1]])
def test_d_z_without_a_spread_is_none(differences: list[float]) -> None:
    assert d_z(np.array(differences)) is None


def test_superiority_is_paired_by_seed_and_a_tie_counts_half() -> None:
    assert superiority(A - B).share == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("wins", [0, 3, 6])
@pytest.mark.parametrize("level", [0.95, 0.995])
def test_interval_of_superiority_is_clopper_and_pearsons(wins: int, level: float) -> None:
    found = superiority(np.array([1.0] * wins + [-1.0] * (6 - wins)), level)
    low, high = proportion_confint(wins, 6, alpha=1 - level, method="beta")
    assert (found.low, found.high) == pytest.approx((low, high))


def test_interval_of_superiority_keeps_its_level_with_ties() -> None:
    rng, chances = np.random.default_rng(0), (0.4, 0.2, 0.4)
    drawn = rng.choice([-1.0, 0.0, 1.0], size=(2000, 7), p=chances)
    found = [superiority(differences) for differences in drawn]
    assert np.mean([one.low <= 0.5 <= one.high for one in found]) >= 0.95


def test_superiority_needs_a_difference() -> None:
    with pytest.raises(ValueError, match="needs a difference"):
        superiority(np.array([]))
