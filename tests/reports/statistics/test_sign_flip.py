import numpy as np
import pytest
from scipy import stats

from reports.statistics.sign_flip import sign_flip_p


@pytest.mark.parametrize("num", [1, 2, 5, 6])
def test_floor_is_one_of_all_flips(num: int) -> None:
    assert sign_flip_p(np.linspace(0.01, 0.02, num)) == 2.0**-num


@pytest.mark.parametrize("seed", range(3))
def test_p_is_that_of_scipy_where_nothing_ties(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.5, 1, 8)
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", alternative="greater"
    )
    assert sign_flip_p(differences) == expected.pvalue


def test_ties_of_decimals_count_as_ties() -> None:
    # .1 + .2 - .3 is not 0 in binary, nor are the other two flips whose sum is 0
    assert sign_flip_p(np.array([0.1, 0.2, -0.3])) == 5 / 8


def test_equal_rows_show_nothing() -> None:
    assert sign_flip_p(np.zeros(4)) == 1
    assert sign_flip_p(np.array([-0.1])) == 1


def test_many_differences_are_sampled_reproducibly() -> None:
    differences = np.random.default_rng(0).normal(0.4, 1, 40)
    p = sign_flip_p(differences)
    assert p == sign_flip_p(differences)
    z = differences.sum() / np.sqrt((differences**2).sum())
    assert p == pytest.approx(stats.norm.sf(z), abs=0.005)
    assert sign_flip_p(np.ones(40)) == 2.0**-16


def test_sign_flip_needs_a_difference() -> None:
    with pytest.raises(ValueError, match="needs a difference"):
        sign_flip_p(np.array([]))
