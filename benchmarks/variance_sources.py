"""Are known parts of a score's variance recovered, do their intervals hold, is the advice right?

A score is the sum of the effects of three random streams, whose variances are 4 : 2 : 1. A row is
trained with n seeds, and with each stream alone at n seeds beside the first seed of the others, as
`--vary` does. Its test set has clusters of 50 utterances, decided as in
`benchmarks.interval_coverage`; the variance over seeds is as large as a ratio of variances says.
"""

from itertools import product

import numpy as np
from rich.table import Table

from benchmarks.interval_coverage import CLUSTER_SIZE, CLUSTER_STD, LAWS, accuracy
from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import Floats
from reports.statistics.variance import Counts, Variance, redraw, variance_of, variance_over
from reports.tables.spread import SEEDS, TEST_SET, Part, Spread
from search_spaces.study import Column

NUM_SEEDS = (3, 5, 10)
NUM_CLUSTERS = (8, 30, 100)
VARIANCES = np.array([4.0, 2.0, 1.0]) / 7
RATIOS = (0.1, 1.0, 10.0)
"""The variance of the mean over seeds, divided by that over test sets."""

MEAN = 0.6
SEED = 0


def holds(variance: Variance, truth: float) -> bool:
    """Say whether an interval contains the true variance."""
    low, high = variance.interval
    return low <= truth <= high


def stream_table(num: int) -> Table:
    """Tabulate the coverage of intervals over seeds, and how far estimated shares scatter."""
    table = markdown_table(
        *("errors", "seeds", "interval of all streams", "of the first", "the first is largest"),
        "share of the first, true .57: median (middle 80 %)",
    )
    for (number, (law, draw)), num_seeds in product(enumerate(LAWS.items()), NUM_SEEDS):
        rng = np.random.default_rng([SEED, number, num_seeds])
        effects = draw(rng, (num, 3, num_seeds)) * np.sqrt(VARIANCES)[:, None]
        alone = [[variance_of(one) for one in of_row] for of_row in effects]
        together = [variance_of(scores) for scores in effects.sum(axis=1)]
        shares = [a[0].value / t.value for a, t in zip(alone, together, strict=True)]
        low, median, high = np.quantile(shares, (0.1, 0.5, 0.9))
        table.add_row(
            law,
            str(num_seeds),
            f"{np.mean([holds(one, 1.0) for one in together]):.3f}",
            f"{np.mean([holds(first, VARIANCES[0]) for first, *_ in alone]):.3f}",
            f"{np.mean([a[0].value == max(one.value for one in a) for a in alone]):.3f}",
            f"{median:.2f} ({low:.2f} to {high:.2f})",
        )
    return table


def draw_test_set(rng: np.random.Generator, num_clusters: int) -> Counts:
    """Draw the counts of a trial, (clusters, 1, 4); utterances are right (TP) or wrong (FP)."""
    chances = np.clip(rng.normal(MEAN, CLUSTER_STD, num_clusters), 0, 1)
    right = rng.binomial(CLUSTER_SIZE, chances)
    none = np.zeros_like(right)
    return np.stack([right, CLUSTER_SIZE - right, none, none], axis=-1)[:, None]


def true_variance(num_clusters: int) -> float:
    """Return the variance over test sets of the accuracy of `draw_test_set`."""
    of_draws = (MEAN * (1 - MEAN) - CLUSTER_STD**2) / CLUSTER_SIZE
    return (CLUSTER_STD**2 + of_draws) / num_clusters


def over_test_sets(rng: np.random.Generator, num_clusters: int, seed: int) -> Variance:
    """Estimate the variance over test sets from a drawn one."""
    drawn: Floats = accuracy(redraw(draw_test_set(rng, num_clusters), seed))
    found = variance_over(drawn, num_clusters).variance
    if found is None:
        raise ValueError("no variance over test sets, though accuracy is defined in every resample")
    return Variance(found, num_clusters - 1)


def advise(scores: Floats, test_set: Variance) -> str | None:
    """Say what would help, as a report does."""
    parts = {SEEDS: Part(variance_of(scores)), TEST_SET: Part(test_set)}
    return Spread("", "", Column(metric="acc", header="Acc"), parts).help


def advice_table(num: int) -> Table:
    """Tabulate the coverage of the interval over test sets, and how often which advice is given."""
    headers = [f"ratio {ratio:g}: seeds / test data" for ratio in RATIOS]
    table = markdown_table("clusters", "seeds", "estimate / true", "interval", *headers)
    for num_clusters, num_seeds in product(NUM_CLUSTERS, NUM_SEEDS):
        rng = np.random.default_rng([SEED, num_clusters, num_seeds])
        truth = true_variance(num_clusters)
        found = [over_test_sets(rng, num_clusters, seed % 4) for seed in range(num)]
        scores = rng.standard_normal((num, num_seeds)) * np.sqrt(truth * num_seeds)
        shares = []
        for ratio in RATIOS:
            told = [advise(s * np.sqrt(ratio), v) for s, v in zip(scores, found, strict=True)]
            shares.append(" / ".join(f"{told.count(w) / num:.3f}" for w in ("seeds", "test data")))
        table.add_row(
            str(num_clusters),
            str(num_seeds),
            f"{np.mean([one.value for one in found]) / truth:.3f}",
            f"{np.mean([holds(one, truth) for one in found]):.3f}",
            *shares,
        )
    return table
