from collections.abc import Callable, Sequence

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from reports.statistics.multiplicity import benjamini_hochberg, holm

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


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_nothing_adjusted_is_nothing(adjust: Callable[[Sequence[float]], list[float]]) -> None:
    assert adjust([]) == []


def test_benjamini_hochberg_divides_by_the_rank_and_never_falls() -> None:
    # from the largest down: .04 x 4/4, then .039 x 4/3 cut to it, .02 x 4/2 likewise, .005 x 4/1
    assert benjamini_hochberg([0.039, 0.005, 0.04, 0.02]) == pytest.approx([0.04, 0.02, 0.04, 0.04])
    assert benjamini_hochberg([]) == []
