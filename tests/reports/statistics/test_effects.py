import numpy as np
import pytest
from scipy import stats

from reports.statistics.effects import d_z, pairing_correlation, probability_of_superiority

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


def test_probability_of_superiority_counts_pairs_and_half_of_the_ties() -> None:
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.0])
    # 1: loses, wins; 2: ties, wins; 3: wins, wins
    assert probability_of_superiority(a, b) == pytest.approx(4.5 / 6)
    u = stats.mannwhitneyu(A, B).statistic
    assert probability_of_superiority(A, B) == pytest.approx(u / 16)


def test_probability_of_superiority_needs_scores() -> None:
    with pytest.raises(ValueError, match="a score of each row"):
        probability_of_superiority(A, np.array([]))
