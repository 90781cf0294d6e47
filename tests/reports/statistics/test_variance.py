from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

from reports.statistics.variance import (
    NUM_RESAMPLES,
    Counts,
    ResampledVariance,
    Variance,
    redraw,
    variance_of,
    variance_over,
)

NUM_CLUSTERS, SIZE, NUM_EMOTIONS = 12, 10, 2
MANY = 20_000

Statistic = Callable[[np.ndarray], np.ndarray]


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Average over emotions: (..., K, 4) -> (...)"""
    return ((counts[..., 0] + counts[..., 2]) / counts.sum(axis=-1)).mean(axis=-1)


def recall_of_first(counts: np.ndarray) -> np.ndarray:
    first = counts[..., 0, :]
    return first[..., 0] / (first[..., 0] + first[..., 3])


def equal_clusters(seed: int) -> Counts:
    """Count clusters of one size with random outcomes."""
    shares = np.full(4, 0.25)
    return np.random.default_rng(seed).multinomial(SIZE, shares, (NUM_CLUSTERS, NUM_EMOTIONS))


def score_redrawn(
    row: Sequence[Counts], statistic: Statistic, seed: int, num_resamples: int
) -> np.ndarray:
    """Average a row's scores over its trials, on every redrawn test set."""
    with np.errstate(invalid="ignore"):
        return np.mean([statistic(redraw(one, seed, num_resamples)) for one in row], axis=0)


def variance_of_score(
    row: Sequence[Counts], statistic: Statistic, seed: int, num_resamples: int = NUM_RESAMPLES
) -> ResampledVariance:
    return variance_over(score_redrawn(row, statistic, seed, num_resamples), len(row[0]))


def variance_of_gap(
    row: Sequence[Counts],
    other: Sequence[Counts],
    statistic: Statistic,
    seed: int,
    num_resamples: int = NUM_RESAMPLES,
) -> ResampledVariance:
    scores = [score_redrawn(each, statistic, seed, num_resamples) for each in (row, other)]
    return variance_over(scores[0] - scores[1], len(row[0]))


def test_variance_of_a_mean_of_equal_clusters_is_its_closed_form() -> None:
    trial = equal_clusters(0)
    found = variance_of_score([trial], accuracy, seed=0, num_resamples=MANY)
    expected = accuracy(trial).var() / NUM_CLUSTERS
    assert found.variance == pytest.approx(expected, rel=4 * np.sqrt(2 / MANY))
    assert (found.num_clusters, found.num_used, found.num_drawn) == (NUM_CLUSTERS, MANY, MANY)


def test_variance_of_a_gap_is_that_of_the_seed_averaged_paired_difference() -> None:
    row, other = [equal_clusters(s) for s in (1, 2, 3)], [equal_clusters(s) for s in (4, 5, 6)]
    found = variance_of_gap(row, other, accuracy, seed=0, num_resamples=MANY)
    differences = np.mean([accuracy(a) - accuracy(b) for a, b in zip(row, other, strict=True)], 0)
    expected = differences.var() / NUM_CLUSTERS
    assert found.variance == pytest.approx(expected, rel=4 * np.sqrt(2 / MANY))


def test_what_both_rows_share_does_not_vary() -> None:
    row = [equal_clusters(1), equal_clusters(2)]
    assert variance_of_gap(row, row[::-1], accuracy, seed=0).variance == pytest.approx(0, abs=1e-30)
    alone = variance_of_score(row, accuracy, seed=0).variance
    assert alone is not None
    assert alone > 1e-5


def test_clusters_are_drawn_whole() -> None:
    """Alike utterances in a cluster: ten times the variance of as many in clusters of their own."""
    right = np.arange(60) % 2
    alone = np.zeros((60, 1, 4), int)
    alone[:, 0, 0], alone[:, 0, 1] = right, 1 - right
    together = np.repeat(alone[:6], 10, axis=0).reshape(6, 10, 1, 4).sum(axis=1)
    apart = variance_of_score([alone], accuracy, seed=0, num_resamples=MANY).variance
    whole = variance_of_score([together], accuracy, seed=0, num_resamples=MANY).variance
    assert apart is not None
    assert whole is not None
    assert whole / apart == pytest.approx(10, rel=8 * np.sqrt(2 / MANY))


def test_resamples_without_the_metric_are_dropped_and_counted() -> None:
    trial = equal_clusters(0)
    trial[1:, 0, 0] = trial[1:, 0, 3] = 0  # the emotion is present in the first cluster alone
    found = variance_of_score([trial], recall_of_first, seed=0)
    missing = (1 - 1 / NUM_CLUSTERS) ** NUM_CLUSTERS
    assert found.num_used / found.num_drawn == pytest.approx(1 - missing, abs=0.05)
    assert found.variance == pytest.approx(0)


def test_metric_that_is_nowhere_defined_has_no_variance() -> None:
    trial = equal_clusters(0)
    trial[:, 0, 0] = trial[:, 0, 3] = 0
    found = variance_of_score([trial], recall_of_first, seed=0)
    assert (found.variance, found.num_used) == (None, 0)


def test_resampling_is_decided_by_its_seed() -> None:
    row = [equal_clusters(0)]
    first = variance_of_score(row, accuracy, seed=1)
    assert first == variance_of_score(row, accuracy, seed=1)
    assert first != variance_of_score(row, accuracy, seed=2)


def test_one_cluster_cannot_be_redrawn() -> None:
    with pytest.raises(ValueError, match="two or more clusters, not 1"):
        redraw(equal_clusters(0)[:1], seed=0)


@pytest.mark.parametrize("num", [2, 5, 30])
def test_interval_of_a_variance_is_that_of_chi_square(num: int) -> None:
    scores = np.random.default_rng(num).normal(size=num)
    variance, law = variance_of(scores), stats.chi2(num - 1)
    total = ((scores - scores.mean()) ** 2).sum()
    assert variance.value == pytest.approx(total / (num - 1))
    assert variance.interval == pytest.approx((total / law.ppf(0.975), total / law.ppf(0.025)))


def test_interval_of_a_ratio_is_that_of_f() -> None:
    law = stats.f(4, 29)
    expected = (6 / law.ppf(0.975), 6 / law.ppf(0.025))
    assert Variance(3.0, 4).ratio_interval(Variance(0.5, 29)) == pytest.approx(expected)


def test_equal_scores_have_no_variance() -> None:
    assert variance_of(np.full(3, 0.1)).interval == (0, 0)


def test_one_score_or_a_ratio_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="two or more scores, not 1"):
        variance_of(np.ones(1))
    with pytest.raises(ValueError, match="ratio to a variance of 0"):
        Variance(1.0, 2).ratio_interval(Variance(0.0, 2))
