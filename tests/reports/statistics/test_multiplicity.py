from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from reports.statistics.multiplicity import benjamini_hochberg, holm, shaffer

P_VALUES = [*np.random.default_rng(0).beta(0.3, 1, 20).tolist(), 0.02, 0.02]


def test_holm_multiplies_step_by_step_and_never_falls() -> None:
    # 3 x .01, then 2 x .02, then .03 raised to what came before
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.7]) == [1, 1]


def test_holm_is_that_of_statsmodels() -> None:
    assert holm(P_VALUES) == pytest.approx(multipletests(P_VALUES, method="holm")[1])


def test_benjamini_hochberg_is_that_of_statsmodels() -> None:
    expected = multipletests(P_VALUES, method="fdr_bh")[1]
    assert benjamini_hochberg(P_VALUES) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("num_rows", "factors"),
    [
        (2, [1]),
        (3, [3, 1, 1]),
        (4, [6, 3, 3, 3, 2, 1]),
        (5, [10, 6, 6, 6, 6, 4, 4, 3, 2, 1]),
        (6, [15, 10, 10, 10, 10, 10, 7, 7, 7, 6, 4, 4, 3, 2, 1]),
    ],
)
def test_shaffer_multiplies_by_the_pairs_that_can_still_be_equal(
    num_rows: int, factors: list[int]
) -> None:
    """The factors are those of Shaffer's table of 1986."""
    p = [32.0 ** (number - len(factors)) for number in range(len(factors))]
    assert shaffer(p, num_rows) == pytest.approx(
        [f * one for f, one in zip(factors, p, strict=True)]
    )


def test_shaffer_keeps_the_order_given_and_never_falls() -> None:
    # .01 x 3, then .02 x 1 raised to it, then .05 x 1
    assert shaffer([0.05, 0.01, 0.02], 3) == pytest.approx([0.05, 0.03, 0.03])
    assert shaffer([0.6, 0.7], 3) == pytest.approx([1.0, 1.0])


def test_shaffer_of_some_pairs_is_never_stricter_than_holm() -> None:
    p = [0.001, 0.01, 0.02, 0.2]
    assert shaffer(p, 4) == pytest.approx([4 * 0.001, 3 * 0.01, 0.04, 0.2])
    assert all(one <= other for one, other in zip(shaffer(p, 5), holm(p), strict=True))


def test_shaffer_refuses_more_pairs_than_there_are() -> None:
    with pytest.raises(ValueError, match="3 rows have 3 pairs, not 4"):
        shaffer([0.1] * 4, 3)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg, partial(shaffer, num_rows=3)])
def test_nothing_adjusted_is_nothing(adjust: Callable[[Sequence[float]], list[float]]) -> None:
    assert adjust([]) == []


def test_benjamini_hochberg_divides_by_the_rank_and_never_falls() -> None:
    # from the largest down: .04 x 4/4, then .039 x 4/3 cut to it, .02 x 4/2 likewise, .005 x 4/1
    assert benjamini_hochberg([0.039, 0.005, 0.04, 0.02]) == pytest.approx([0.04, 0.02, 0.04, 0.04])
    assert benjamini_hochberg([]) == []
