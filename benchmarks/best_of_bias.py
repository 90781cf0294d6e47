"""How far is the expected best of K runs, estimated from n of them, from the true one?

Two estimates stand side by side: the mean over all choices of K of the n scores, and over all draws
of K with replacement.
"""

import numpy as np
from rich.table import Table

from benchmarks.interval_coverage import LAWS
from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import Floats
from reports.statistics.compatibility import expected_best

NUM_SEEDS = (5, 10)
SEED = 0


def best_of_table(num: int) -> Table:
    """Tabulate the true expected best of K and the bias of both estimates, in stds of an error."""
    table = markdown_table(
        *("errors", "seeds", "K", "true", "bias without replacement", "bias with replacement")
    )
    for number, (law, draw) in enumerate(LAWS.items()):
        for num_seeds in NUM_SEEDS:
            rng = np.random.default_rng([SEED, number, num_seeds])
            scores = np.sort(draw(rng, (num, num_seeds)), axis=1)
            for num_runs in range(2, num_seeds + 1, num_seeds // 5):
                true = float(draw(rng, (10 * num, num_runs)).max(axis=1).mean())
                ours, others = (
                    float((scores @ weigh(num_runs, num_seeds)).mean()) - true
                    for weigh in (weights_without, weights_with)
                )
                table.add_row(
                    *(law, str(num_seeds), str(num_runs)),
                    *(f"{true:.3f}", f"{ours:+.3f}", f"{others:+.3f}"),
                )
    return table


def weights_without(num_runs: int, num_seeds: int) -> Floats:
    """Return the weight of each ordered score in `expected_best`, (seeds,)."""
    best = [expected_best(_step(num_seeds, rank), num_runs) for rank in range(num_seeds + 1)]
    return -np.diff(best)


def weights_with(num_runs: int, num_seeds: int) -> Floats:
    """Return the same for draws with replacement (Dodge et al., EMNLP 2019), (seeds,)."""
    return np.diff((np.arange(num_seeds + 1) / num_seeds) ** num_runs)


def _step(num_seeds: int, num_zeros: int) -> Floats:
    return (np.arange(num_seeds) >= num_zeros).astype(np.float64)
