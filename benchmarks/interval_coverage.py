"""How often do intervals of five seeds contain the true value?

    python -m benchmarks.interval_coverage

The first table is about the mean over seeds: Student's t beside two bootstraps over the seeds, from
scipy.stats. The second is about a gap on other test sets: t on the seeds alone, beside t with the
variance over test sets from our cluster bootstrap. In this simulation two rows decide 30 clusters
of 50 utterances. A row is right with a probability of .6 + an effect of its seed (std .02) + an
effect of the cluster (std .114). All effects are drawn anew each time; the true gap is 0.
"""

from collections.abc import Mapping

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.special import stdtrit

from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import Bools, Draw, Floats, draw_collapse, draw_normal
from reports.statistics.gap import Gap, paired_gap, with_test_set_variance
from reports.statistics.variance import Counts, redraw, variance_over

NUM_SEEDS = 5
NUM_CLUSTERS = 30
CLUSTER_SIZE = 50
SEED_STD, CLUSTER_STD = 0.02, 0.114
LEVEL = 0.95
CHUNK = 500
SEED = 0


def draw_exponential(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Draw skewed errors of mean 0."""
    return rng.standard_exponential(shape) - 1


LAWS: Mapping[str, Draw] = {
    "normal": draw_normal,
    "collapse": draw_collapse,
    "exponential": draw_exponential,
}


def t_covers(errors: Floats) -> Bools:
    """Say for each replication whether the t interval of the mean contains 0."""
    half_width = float(stdtrit(NUM_SEEDS - 1, (1 + LEVEL) / 2)) * errors.std(axis=1, ddof=1)
    return np.abs(errors.mean(axis=1)) <= half_width / np.sqrt(NUM_SEEDS)


def bootstrap_covers(errors: Floats, method: str, rng: np.random.Generator) -> Bools:
    """Say the same for a bootstrap over the seeds with 1,000 resamples.

    scipy uses the same resamples for all replications of a call, so many calls are made.
    """
    from scipy.stats import bootstrap  # it takes seconds to load

    covered = []
    for start in range(0, len(errors), CHUNK):
        low, high = bootstrap(
            (errors[start : start + CHUNK],),
            np.mean,
            n_resamples=1000,
            axis=1,
            confidence_level=LEVEL,
            method=method,
            rng=rng,
        ).confidence_interval
        covered.append((low <= 0) & (high >= 0))
    return np.concatenate(covered)


def interval_table(num: int) -> Table:
    """Tabulate how often three intervals contain the mean."""
    table = markdown_table("errors", "t", "percentile", "BCa")
    for number, (law, draw) in enumerate(LAWS.items()):
        rng = np.random.default_rng([SEED, number])
        errors = draw(rng, (num, NUM_SEEDS))
        covered = [
            t_covers(errors),
            bootstrap_covers(errors, "percentile", rng),
            bootstrap_covers(errors, "BCa", rng),
        ]
        table.add_row(law, *(f"{c.mean():.3f}" for c in covered))
    return table


def draw_row(rng: np.random.Generator) -> list[Counts]:
    """Draw the counts of a row's trials; utterances are right (TP) or wrong (FP)."""
    clusters = rng.normal(0.6, CLUSTER_STD, NUM_CLUSTERS)
    seeds = rng.normal(0, SEED_STD, (NUM_SEEDS, 1))
    right = rng.binomial(CLUSTER_SIZE, np.clip(clusters + seeds, 0, 1))  # (seeds, clusters)
    none = np.zeros_like(right)
    return list(np.stack([right, CLUSTER_SIZE - right, none, none], axis=-1)[:, :, None])


def accuracy(counts: Floats) -> Floats:
    """Score counts: (..., 1, 4) -> (...)."""
    return counts[..., 0, 0] / counts[..., 0, :].sum(axis=-1)


def gaps(rng: np.random.Generator, seed: int) -> tuple[Gap, Gap]:
    """Estimate the gap between two drawn rows: on the seeds alone, and on test sets too."""
    row, other = draw_row(rng), draw_row(rng)
    scores = [np.array([accuracy(trial.sum(axis=0)) for trial in r]) for r in (row, other)]
    gap = paired_gap(scores[0] - scores[1])
    ours, theirs = (np.mean([accuracy(redraw(t, seed)) for t in r], axis=0) for r in (row, other))
    found = variance_over(ours - theirs, NUM_CLUSTERS)
    if found.variance is None:
        raise ValueError("no variance over test sets, though accuracy is defined in every resample")
    return gap, with_test_set_variance(gap, found.variance, NUM_CLUSTERS)


def holds_zero(gap: Gap) -> bool:
    """Say whether the gap's interval contains 0, the true gap."""
    low, high = gap.interval(LEVEL)
    return low <= 0 <= high


def variance_table(num: int) -> Table:
    """Tabulate how often intervals contain the gap on other test sets."""
    rng = np.random.default_rng(SEED)
    held = np.array([[holds_zero(gap) for gap in gaps(rng, seed)] for seed in range(num)])
    table = markdown_table("interval of a gap on other test sets", "coverage")
    for name, share in zip(("seeds only", "seeds and clusters"), held.mean(axis=0), strict=True):
        table.add_row(name, f"{share:.3f}")
    return table


@click.command()
@click.option("--replications", default=20_000, show_default=True, help="Tests of each interval.")
def main(replications: int) -> None:
    """Simulate the coverage of intervals at a nominal 95 %."""
    console = Console(width=120)
    error = np.sqrt(LEVEL * (1 - LEVEL) / replications)
    console.print(f"{replications:,} replications; standard error of a share of .95: {error:.4f}")
    console.print(interval_table(replications))
    console.print(variance_table(replications))


if __name__ == "__main__":
    main()
