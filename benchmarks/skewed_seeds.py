"""Does a test keep its level where one row collapses now and then and the other never does?

Both rows have equal means; the gap is said to be above 0 at one-sided .025. A collapsed seed is
lower by a number of standard deviations of a score. The tests:

    t: the paired t test, as in verdicts
    t at half: the same at .0125
    sign flips, Wilcoxon, signs: of the symmetry, the ranks and the signs of the differences
    Johnson: t corrected for the skewness of the sample (Johnson, JASA 1978)
    bootstrap: t, with its distribution bootstrapped from the centred differences
"""

from collections.abc import Callable, Mapping
from math import sqrt

import numpy as np
from rich.table import Table
from scipy.special import bdtrc, stdtr

from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import ALPHA, Floats
from reports.statistics.sign_flip import sign_flip_p

NUM_SEEDS = (5, 7, 10)
COLLAPSES = ((0.1, 4.0), (0.2, 4.0), (0.05, 8.0), (0.1, 8.0))
"""The share of collapsed seeds, and their depth in standard deviations of a score."""

GAP = 1.0
"""The gap of which the power is told, in standard deviations of the differences."""

NUM_RESAMPLES = 400
CHUNK = 500
SEED = 0


def p_of_t(differences: Floats) -> Floats:
    """Return the p of H0: gap <= 0 by Student's t, (replications,)."""
    return np.asarray(stdtr(differences.shape[1] - 1, -_t(differences)))


def p_of_flips(differences: Floats) -> Floats:
    """Return the p of the sign-flip test, (replications,)."""
    return np.array([sign_flip_p(one) for one in differences])


def p_of_wilcoxon(differences: Floats) -> Floats:
    """Return the exact p of the signed ranks, (replications,)."""
    num_seeds = differences.shape[1]
    ranks = np.argsort(np.argsort(np.abs(differences), axis=1), axis=1) + 1
    sums = (ranks * (differences > 0)).sum(axis=1)
    all_sums = (np.arange(2**num_seeds)[:, None] >> np.arange(num_seeds) & 1) @ np.arange(
        1, num_seeds + 1
    )
    return np.asarray((np.sort(all_sums)[None] >= sums[:, None]).mean(axis=1))


def p_of_signs(differences: Floats) -> Floats:
    """Return the exact p of the number of positive differences, (replications,)."""
    wins = (differences > 0).sum(axis=1)
    return np.where(wins > 0, bdtrc(np.maximum(wins - 1.0, 0), differences.shape[1], 0.5), 1.0)


def p_of_johnson(differences: Floats) -> Floats:
    """Return the p of Johnson's modified t, (replications,)."""
    num = differences.shape[1]
    means, variances = differences.mean(axis=1), differences.var(axis=1, ddof=1)
    cubes = ((differences - means[:, None]) ** 3).sum(axis=1)
    third = cubes * num / ((num - 1) * (num - 2))
    modified = means + third / (6 * variances * num) + third * means**2 / (3 * variances**2)
    return np.asarray(stdtr(num - 1, -modified / np.sqrt(variances / num)))


def p_of_bootstrap(differences: Floats) -> Floats:
    """Return the p of the bootstrapped t, (replications,)."""
    rng = np.random.default_rng(SEED)
    num_seeds = differences.shape[1]
    found = []
    for start in range(0, len(differences), CHUNK):
        drawn = differences[start : start + CHUNK]
        centred = drawn - drawn.mean(axis=1, keepdims=True)
        chosen = rng.integers(num_seeds, size=(NUM_RESAMPLES, num_seeds))
        resampled = _t(centred[:, chosen].reshape(-1, num_seeds)).reshape(-1, NUM_RESAMPLES)
        as_high = (resampled >= _t(drawn)[:, None]).sum(axis=1)
        found.append((1 + as_high) / (1 + NUM_RESAMPLES))
    return np.concatenate(found)


TESTS: Mapping[str, tuple[Callable[[Floats], Floats], float]] = {
    "t": (p_of_t, ALPHA),
    "t at half": (p_of_t, ALPHA / 2),
    "sign flips": (p_of_flips, ALPHA),
    "Wilcoxon": (p_of_wilcoxon, ALPHA),
    "signs": (p_of_signs, ALPHA),
    "Johnson": (p_of_johnson, ALPHA),
    "bootstrap": (p_of_bootstrap, ALPHA),
}
"""The tests, each with the level at which it is used."""


def skew_table(num: int) -> Table:
    """Tabulate the error of each test at equal means, and its power at a gap of 1."""
    table = markdown_table("share", "depth", "seeds", *(f"{name}: error / power" for name in TESTS))
    for number, (share, depth) in enumerate(COLLAPSES):
        for num_seeds in NUM_SEEDS:
            rng = np.random.default_rng([SEED, number, num_seeds])
            drawn = draw_differences(share, depth, (num, num_seeds), rng)
            cells = [
                f"{(test(drawn) < level).mean():.3f} / {(test(drawn + GAP) < level).mean():.2f}"
                for test, level in TESTS.values()
            ]
            table.add_row(f"{share:g}", f"{depth:g}", str(num_seeds), *cells)
    return table


def draw_differences(
    share: float, depth: float, shape: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Draw differences of mean 0 and variance 1; the first row collapses, the other does not."""
    collapsing = rng.standard_normal(shape) - depth * ((rng.random(shape) < share) - share)
    return (collapsing - rng.standard_normal(shape)) / sqrt(2 + share * (1 - share) * depth**2)


def _t(differences: Floats) -> Floats:
    """Return t; a resample of equal values has the sign of its mean, times infinity."""
    std_errors = differences.std(axis=1, ddof=1) / sqrt(differences.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(differences.mean(axis=1) / std_errors, posinf=np.inf, neginf=-np.inf)
