"""How often do families of all pairs of rows err, and how many true gaps do they find?

The claims say of each pair of rows that the first is above the second. Three corrections of the
paired t tests, all at one-sided .025 over the family:

    Holm: one-sided, as for any family
    Shaffer: two-sided at .05, and the sign says which row is above
    best: Holm over the pairs with the best row alone, though the scores decide which that is

`best` is what marks of ties are not to use: the columns tell how often equal rows are told apart.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from math import sqrt

import numpy as np
from rich.table import Table
from scipy.special import stdtr

from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import ALPHA, LAWS, Bools, Floats
from reports.statistics.multiplicity import holm, shaffer

NUM_ROWS = (3, 4, 6)
NUM_SEEDS = (5, 10)
APART = 3.0
SPACING = 1.0
SEED = 0


def all_pairs_table(num: int) -> Table:
    """Tabulate the share of families with a false finding, and the share of true gaps found.

    "Equal": all rows are equal. "One apart": one row lies three standard deviations of a difference
    below the others, which are equal. "Spaced": each row lies one below the one before.
    """
    table = markdown_table(
        *("errors", "rows", "seeds", "equal: Holm / Shaffer", "one apart: Holm / Shaffer"),
        *("spaced, found: Holm / Shaffer", "ties, equal: best / Shaffer"),
    )
    for number, law in enumerate(LAWS):
        for num_rows in NUM_ROWS:
            for num_seeds in NUM_SEEDS:
                rng = np.random.default_rng([SEED, number, num_rows, num_seeds])
                drawn = draw_rows(law, (num, num_rows, num_seeds), rng)
                cells = _compare_corrections(drawn)
                table.add_row(law, str(num_rows), str(num_seeds), *cells)
    return table


def _compare_corrections(drawn: Floats) -> list[str]:
    num_rows = drawn.shape[1]
    equal, apart, spaced = np.zeros(num_rows), np.zeros(num_rows), -SPACING * np.arange(num_rows)
    apart[-1] = -APART
    cells = []
    for levels in (equal, apart):
        gaps = np.array([levels[one] - levels[other] for one, other in _pairs(num_rows)])
        found = find_above(drawn + levels[:, None])
        cells.append([float((of_all & (gaps <= 0)).any(axis=1).mean()) for of_all in found])
    cells.append([float(of_all.mean()) for of_all in find_above(drawn + spaced[:, None])])
    cells.append([float(told.mean()) for told in tell_from_best(drawn)])
    return [" / ".join(f"{share:.4f}" for share in of_truth) for of_truth in cells]


def draw_rows(law: str, shape: tuple[int, int, int], rng: np.random.Generator) -> Floats:
    """Draw scores of (replications, rows, seeds); differences of two rows have the variance 1.

    The first row has the first law of `LAWS`, the others have the second.
    """
    draw, draw_other = LAWS[law]
    num, num_rows, num_seeds = shape
    first = draw(rng, (num, 1, num_seeds))
    others = draw_other(rng, (num, num_rows - 1, num_seeds))
    return np.concatenate([first, others], axis=1) / sqrt(2)


def find_above(scores: Floats) -> tuple[Bools, Bools]:
    """Say of each pair whether its first row is found above, by Holm and by Shaffer.

    Shapes:
        scores: (replications, rows, seeds) -> twice (replications, pairs)
    """
    num_rows = scores.shape[1]
    not_above = _p_not_above(scores)
    by_holm = step_down(not_above, factors_of(holm, not_above.shape[1]))
    two_sided = 2 * np.minimum(not_above, 1 - not_above)
    by_shaffer = step_down(two_sided, factors_of(_shaffer_of(num_rows), not_above.shape[1]))
    return by_holm < ALPHA, (by_shaffer < 2 * ALPHA) & (not_above < 0.5)


def tell_from_best(scores: Floats) -> tuple[Bools, Bools]:
    """Say whether any row is told from that of the highest mean, by the best's pairs and by all.

    Shapes:
        scores: (replications, rows, seeds) -> twice (replications,)
    """
    num_rows = scores.shape[1]
    not_above = _p_not_above(scores)
    two_sided = 2 * np.minimum(not_above, 1 - not_above)
    best = scores.mean(axis=2).argmax(axis=1)
    is_of_best = np.stack([(best == one) | (best == other) for one, other in _pairs(num_rows)], 1)
    smallest = np.where(is_of_best, two_sided, 1.0).min(axis=1)
    by_shaffer = step_down(two_sided, factors_of(_shaffer_of(num_rows), not_above.shape[1]))
    return smallest * (num_rows - 1) < 2 * ALPHA, ((by_shaffer < 2 * ALPHA) & is_of_best).any(
        axis=1
    )


def factors_of(adjust: Callable[[Sequence[float]], list[float]], num: int) -> Floats:
    """Find by what a procedure multiplies the p-values, from the smallest to the largest."""
    p = 32.0 ** -np.arange(num, 0, -1)  # so far apart that no value is raised to the one before
    return np.array(adjust(p.tolist())) / p


def step_down(p: Floats, factors: Floats) -> Floats:
    """Adjust the p-values of each replication.

    Shapes:
        p: (replications, pairs), factors: (pairs,) -> (replications, pairs)
    """
    order = np.argsort(p, axis=1)
    raised = np.maximum.accumulate(np.take_along_axis(p, order, axis=1) * factors, axis=1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, raised, axis=1)
    return adjusted


def _shaffer_of(num_rows: int) -> Callable[[Sequence[float]], list[float]]:
    return partial(shaffer, num_rows=num_rows)


def _p_not_above(scores: Floats) -> Floats:
    """Return the one-sided p of each pair, (replications, pairs)."""
    num_seeds = scores.shape[2]
    columns = []
    for one, other in _pairs(scores.shape[1]):
        differences = scores[:, one] - scores[:, other]
        std_errors = differences.std(axis=1, ddof=1) / sqrt(num_seeds)
        columns.append(stdtr(num_seeds - 1, -differences.mean(axis=1) / std_errors))
    return np.stack(columns, axis=1)


def _pairs(num_rows: int) -> list[tuple[int, int]]:
    return list(combinations(range(num_rows), 2))
