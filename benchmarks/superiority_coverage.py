"""How often does the interval of P(A > B) over paired seeds contain it? How often is it above .5?

Scores are rounded to a quarter of a standard deviation of the differences, so that there are ties.
Beside the exact interval stands a percentile bootstrap over the seeds, which is the binomial
distribution of the wins in resamples.
"""

from functools import partial

import numpy as np
from rich.table import Table

from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import LAWS, Bools, Floats, draw_differences
from reports.statistics.effects import REFERENCE, superiority

NUM_SEEDS = (3, 5, 7, 10, 20)
GAPS = (0.0, 0.5, 1.0, 2.0)
STEP = 0.25
LEVEL = 0.95
NUM_OF_TRUTH = 1_000_000
SEED = 0


def superiority_table(num: int) -> Table:
    """Tabulate coverage, the least over the gaps, and how often the interval shows something."""
    table = markdown_table(
        *("errors", "seeds", "exact", "bootstrap", "above .5 at 1 std", "at 2 std"),
        f"above {REFERENCE:g} at 2 std",
    )
    for number, law in enumerate(LAWS):
        rng = np.random.default_rng([SEED, number])
        true_shares = [
            float(_wins(draw_differences(law, NUM_OF_TRUTH, 1, rng) + g).mean()) for g in GAPS
        ]
        for num_seeds in NUM_SEEDS:
            exact, bootstrap = interval_of_wins(num_seeds), bootstrap_of_wins(num_seeds)
            drawn = draw_differences(law, num, num_seeds, rng)
            # (gaps, replications): twice the wins, a whole number also with ties
            doubled = [(2 * _wins(drawn + gap).sum(axis=1)).astype(int) for gap in GAPS]
            covered = [
                min(
                    float(_covers(interval[of_gap], true).mean())
                    for of_gap, true in zip(doubled, true_shares, strict=True)
                )
                for interval in (exact, bootstrap)
            ]
            lows = [exact[of_gap, 0] for of_gap in doubled]
            shown = [(lows[2] > 0.5).mean(), (lows[3] > 0.5).mean(), (lows[3] > REFERENCE).mean()]
            table.add_row(law, str(num_seeds), *(f"{share:.3f}" for share in (*covered, *shown)))
    return table


def interval_of_wins(num_seeds: int) -> Floats:
    """Return the exact interval by twice the number of wins.

    Shapes:
        (2 * seeds + 1, 2)
    """
    halves = np.arange(2 * num_seeds + 1)
    signs = [
        np.repeat([1.0, 0.0, -1.0], [d // 2, d % 2, num_seeds - d // 2 - d % 2])
        for d in halves.tolist()
    ]
    found = map(partial(superiority, level=LEVEL), signs)
    return np.array([(one.low, one.high) for one in found])


def bootstrap_of_wins(num_seeds: int) -> Floats:
    """Return the percentile bootstrap's interval by twice the number of wins, ties left out.

    Shapes:
        (2 * seeds + 1, 2)
    """
    from scipy.stats import binom  # it takes a second to load

    shares = np.arange(2 * num_seeds + 1) / (2 * num_seeds)
    tails = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return np.asarray(binom.ppf(tails, num_seeds, shares[:, None])) / num_seeds


def _wins(differences: Floats) -> Floats:
    """Count 1 for a win and one half for a tie of rounded scores."""
    return (1 + np.sign(np.round(differences / STEP))) / 2


def _covers(intervals: Floats, true: float) -> Bools:
    return (intervals[:, 0] <= true) & (true <= intervals[:, 1])
