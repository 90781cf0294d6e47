from math import sqrt

import numpy as np
import pytest

from benchmarks.interval_coverage import (
    NUM_SEEDS,
    bootstrap_covers,
    draw_exponential,
    draw_row,
    gaps,
    holds_zero,
    t_covers,
)
from benchmarks.verdict_designs import draw_normal


def test_t_covers_normal_errors_and_a_bootstrap_of_five_does_not() -> None:
    rng = np.random.default_rng(0)
    errors = draw_normal(rng, (1500, NUM_SEEDS))
    standard_error = sqrt(0.95 * 0.05 / 1500)
    assert t_covers(errors).mean() == pytest.approx(0.95, abs=3 * standard_error)
    assert bootstrap_covers(errors, "percentile", rng).mean() < 0.9


def test_exponential_errors_have_mean_zero() -> None:
    errors = draw_exponential(np.random.default_rng(0), (100_000,))
    assert errors.mean() == pytest.approx(0, abs=4 / sqrt(100_000))


def test_row_counts_every_utterance_of_every_cluster_once() -> None:
    row = draw_row(np.random.default_rng(0))
    assert [trial.shape for trial in row] == [(30, 1, 4)] * NUM_SEEDS
    assert all((trial.sum(axis=-1) == 50).all() for trial in row)


def test_clusters_widen_an_interval_to_what_it_promises() -> None:
    rng = np.random.default_rng(0)
    held = np.mean([[holds_zero(gap) for gap in gaps(rng, seed)] for seed in range(200)], axis=0)
    assert held[0] < 0.85
    assert held[1] == pytest.approx(0.95, abs=4 * sqrt(0.95 * 0.05 / 200))
