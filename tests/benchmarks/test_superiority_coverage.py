import numpy as np
import pytest

from benchmarks.superiority_coverage import (
    bootstrap_of_wins,
    interval_of_wins,
    superiority_table,
)
from benchmarks.verdict_designs import LAWS, draw_differences


def test_intervals_are_listed_by_twice_the_wins() -> None:
    intervals = interval_of_wins(5)
    assert intervals.shape == (11, 2)
    assert intervals[10] == pytest.approx((0.025 ** (1 / 5), 1.0))
    assert intervals[5].tolist() == pytest.approx((1 - intervals[5][::-1]).tolist())


def test_bootstrap_of_seeds_that_agree_has_no_width() -> None:
    assert bootstrap_of_wins(5)[[0, 10]].tolist() == [[0, 0], [1, 1]]
    assert bootstrap_of_wins(4)[4].tolist() == [0, 1]


@pytest.mark.parametrize("law", LAWS)
def test_differences_have_mean_zero_and_variance_one(law: str) -> None:
    drawn = draw_differences(law, 50_000, 4, np.random.default_rng(0))
    assert drawn.shape == (50_000, 4)
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.04)


def test_exact_interval_keeps_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.superiority_coverage.NUM_OF_TRUTH", 50_000)
    table = superiority_table(1_000)
    exact = [float(str(cell)) for cell in table.columns[2].cells]
    assert min(exact) >= 0.95
