import numpy as np
import pytest
from scipy.special import stdtr

from reports.statistics.looks import LOOKS
from reports.statistics.sequential import cutoff

PRINTED = {
    0.025: (0.00229, 0.00431, 0.00755, 0.01678),
    0.025 / 4: (0.00055, 0.00106, 0.00176, 0.00379),
    0.025 / 6: (0.00037, 0.00069, 0.00115, 0.00251),
}
"""An independent simulation of 2 million replications."""


@pytest.mark.parametrize("alpha", PRINTED)
def test_cutoffs_are_those_of_a_simulation(alpha: float) -> None:
    spent = np.diff([alpha * (n / 10) ** 2 for n in (0, *LOOKS)])
    for look, printed, share in zip(LOOKS, PRINTED[alpha], spent, strict=True):
        error = 4 / np.sqrt(2_000_000 * share)  # of the cutoff, relative; from a count's error
        assert cutoff(look, alpha) == pytest.approx(printed, rel=error)


def test_each_look_spends_what_it_may() -> None:
    alpha, num = 0.1, 200_000
    looks = (2, 4, 5)
    draws = np.random.default_rng(0).standard_normal((num, looks[-1]))
    undecided = np.ones(num, bool)
    for n, share in zip(looks, np.diff([alpha * (n / 5) ** 2 for n in (0, *looks)]), strict=True):
        t = draws[:, :n].mean(axis=1) / draws[:, :n].std(axis=1, ddof=1) * np.sqrt(n)
        decided = undecided & (stdtr(n - 1, -t) < cutoff(n, alpha, looks))
        assert decided.mean() == pytest.approx(share, abs=4 * np.sqrt(share / num))
        undecided &= ~decided


def test_first_look_spends_its_share_as_any_test() -> None:
    assert cutoff(3, 0.025) == pytest.approx(0.025 * 0.09)
    assert cutoff(10, 0.025, (10,)) == pytest.approx(0.025)


@pytest.mark.parametrize("looks", [(), (1, 2), (5, 3), (3, 3, 5)])
def test_looks_must_ascend(looks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascending numbers of seeds, 2 or more"):
        cutoff(3, 0.025, looks)


def test_cutoff_is_that_of_a_look() -> None:
    with pytest.raises(ValueError, match="no look at 4 seeds; choose from 3, 5, 7, 10"):
        cutoff(4, 0.025)


@pytest.mark.parametrize("alpha", [0.0, 0.5, np.nan])
def test_alpha_must_be_an_error(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie between"):
        cutoff(3, alpha)
