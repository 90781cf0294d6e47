"""How often are equal rows told apart by scores of folds, and how often unequal ones?

A corpus has 200 utterances of two classes, drawn anew in each replication. Each row is a classifier
by the nearer class mean, trained on a bootstrap sample of the training folds, which is what its
seed decides. Those are all folds but the one that is tested, or, where the next one validates as in
our own trials, all but these two. One row reads ten features, the other ten others that are as
informative. So both have the same expected accuracy, and no row is better by more than chance. The
other column has a row whose features are more informative.

The designs, all at the one-sided level .025:

    pairs: t on every pair of seed and fold, as if they were independent draws
    corrected: the same, corrected for resampling (Nadeau & Bengio 2003), as `paired_gap` does
    folds: t on the mean over seeds of each fold
    seeds: t on the mean over folds of each seed, which is about this corpus alone
"""

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measurement import markdown_table
from reports.statistics.gap import Gap, paired_gap

Floats = NDArray[np.float64]

ALPHA = 0.025
NUM_UTTERANCES, NUM_FEATURES = 200, 10
SHIFT, MORE = 0.25, 1.35
"""How far the class means lie apart in each feature, and by which factor they do in the better."""

NUM_FOLDS, NUM_SEEDS = (5, 10), (1, 3, 5)
MOST = 4_000
"""So many corpora suffice for two digits of a share; each takes milliseconds."""

SEED = 0


def _gap_of_pairs(differences: Floats) -> Gap:
    return paired_gap(differences.ravel())


def _corrected_gap(differences: Floats) -> Gap:
    return paired_gap(differences.ravel(), test_share=1 / (differences.shape[1] - 1))


def _gap_of_folds(differences: Floats) -> Gap:
    return paired_gap(differences.mean(axis=0))


def _gap_of_seeds(differences: Floats) -> Gap | None:
    return paired_gap(differences.mean(axis=1)) if len(differences) > 1 else None


DESIGNS: Mapping[str, Callable[[Floats], Gap | None]] = {
    "pairs": _gap_of_pairs,
    "corrected": _corrected_gap,
    "folds": _gap_of_folds,
    "seeds": _gap_of_seeds,
}
"""Each estimates a gap from differences, (seeds, folds)."""


def draw_differences(
    rng: np.random.Generator,
    num_folds: int,
    num_seeds: int,
    factor: float,
    *,
    validates: bool = False,
) -> Floats:
    """Draw a corpus, train both rows on all folds with all seeds, and subtract their accuracies.

    Returns:
        The differences, (seeds, folds).
    """
    labels = rng.permutation(np.repeat([-1.0, 1.0], NUM_UTTERANCES // 2))  # (U,)
    shifts = np.repeat([SHIFT * factor, SHIFT], NUM_FEATURES)  # (2 D,)
    features = labels[:, None] * shifts + rng.normal(size=(NUM_UTTERANCES, 2 * NUM_FEATURES))
    fold_of = rng.permutation(np.arange(NUM_UTTERANCES) % num_folds)
    in_fold = fold_of == np.arange(num_folds)[:, None]  # (folds, U)
    kept = in_fold | np.roll(in_fold, -1, axis=0) if validates else in_fold
    draws = rng.poisson(1.0, (num_seeds, 1, NUM_UTTERANCES)) * ~kept  # a bootstrap, nearly
    differences = np.empty((2, num_seeds, num_folds))
    for row, part in enumerate((slice(None, NUM_FEATURES), slice(NUM_FEATURES, None))):
        of_row = features[:, part]
        centres = [
            ((draws * (labels == side)) @ of_row)
            / np.maximum((draws * (labels == side)).sum(axis=-1, keepdims=True), 1)
            for side in (-1.0, 1.0)
        ]  # (seeds, folds, D) each
        axis, middle = centres[1] - centres[0], (centres[0] + centres[1]) / 2
        called = axis @ of_row.T - (axis * middle).sum(axis=-1, keepdims=True)  # (seeds, folds, U)
        right = (np.sign(called) == labels) & in_fold
        differences[row] = right.sum(axis=-1) / in_fold.sum(axis=-1)
    return differences[0] - differences[1]


def fold_table(num: int) -> Table:
    """Tabulate the share of corpora on which a row is called better, by design."""
    headers = [f"{kind}: {name}" for kind in ("equal", "unequal") for name in DESIGNS]
    table = markdown_table("folds", "seeds", *headers)
    for num_folds, num_seeds in product(NUM_FOLDS, NUM_SEEDS):
        shares = []
        for number, factor in enumerate((1.0, MORE)):
            rng = np.random.default_rng([SEED, num_folds, num_seeds, number])
            drawn = [
                draw_differences(rng, num_folds, num_seeds, factor) for _ in range(min(num, MOST))
            ]
            shares += [_share(design, drawn) for design in DESIGNS.values()]
        table.add_row(str(num_folds), str(num_seeds), *shares)
    return table


def validated_table(num: int) -> Table:
    """Tabulate how often one of equal rows is called better, where the next fold validates."""
    names = ("pairs", "corrected")
    table = markdown_table("folds", "seeds", *names)
    for num_folds, num_seeds in product((3, *NUM_FOLDS), NUM_SEEDS):
        rng = np.random.default_rng([SEED, num_folds, num_seeds, 2])
        drawn = [
            draw_differences(rng, num_folds, num_seeds, 1.0, validates=True)
            for _ in range(min(num, MOST))
        ]
        shares = (_share(DESIGNS[name], drawn) for name in names)
        table.add_row(str(num_folds), str(num_seeds), *shares)
    return table


def _share(design: Callable[[Floats], Gap | None], drawn: list[Floats]) -> str:
    gaps = [design(differences) for differences in drawn]
    called = [gap.p_not_above(0.0) < ALPHA for gap in gaps if gap is not None]
    return f"{np.mean(called):.3f}" if called else "none"
