import numpy as np
import pytest
from scipy import stats

from benchmarks.skewed_seeds import (
    TESTS,
    draw_differences,
    p_of_bootstrap,
    p_of_johnson,
    p_of_signs,
    p_of_t,
    p_of_wilcoxon,
    skew_table,
)

DRAWN = np.random.default_rng(0).standard_normal((20, 7)) + 0.3


def test_differences_have_mean_zero_and_variance_one() -> None:
    drawn = draw_differences(0.1, 4.0, (50_000, 4), np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.02)


def test_exact_tests_are_those_of_scipy() -> None:
    t = stats.ttest_1samp(DRAWN, 0, axis=1, alternative="greater").pvalue
    ranks = stats.wilcoxon(DRAWN, axis=1, alternative="greater", method="exact").pvalue
    wins = (DRAWN > 0).sum(axis=1)
    signs = [stats.binomtest(int(k), 7, alternative="greater").pvalue for k in wins]
    assert p_of_t(DRAWN) == pytest.approx(t)
    assert p_of_wilcoxon(DRAWN) == pytest.approx(ranks)
    assert p_of_signs(DRAWN) == pytest.approx(signs)


def test_bootstrap_and_johnson_are_close_to_t_where_nothing_is_skewed() -> None:
    symmetric = np.concatenate([DRAWN[0] - 0.3, 0.3 - DRAWN[0]])[None] + 0.4
    assert p_of_johnson(symmetric) == pytest.approx(p_of_t(symmetric))
    assert p_of_bootstrap(symmetric) == pytest.approx(p_of_t(symmetric), abs=0.04)


def test_every_test_that_finds_gaps_errs_where_one_row_collapses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.skewed_seeds.COLLAPSES", ((0.1, 8.0),))
    monkeypatch.setattr("benchmarks.skewed_seeds.NUM_SEEDS", (7,))
    monkeypatch.setattr("benchmarks.skewed_seeds.NUM_RESAMPLES", 100)
    table = skew_table(1_000)
    errors = [float(str(next(iter(c.cells))).partition(" / ")[0]) for c in table.columns[3:]]
    assert len(errors) == len(TESTS)
    assert min(errors) > 0.025
