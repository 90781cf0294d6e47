"""How often does the band of a tuning curve hold the whole curve? How often do two searches differ?

    python -m benchmarks.tuning_coverage

Nothing is trained: the scores of random candidates are drawn. They are uniform, or have one of five
values, so that there are ties. Or they are uniform and early stopping errs: every second candidate
is stopped at a random part of its score, whatever it would have reached. "Ranks" is the band of the
scores' distribution. It is exact; the curve's band follows from it and does not use all of it. The
band of Kolmogorov and Smirnov stands beside, as far as it has ends.

The second table compares a random search with another. Without a gap between the two, whatever is
told of a difference is false.
"""

from collections.abc import Callable, Mapping
from math import sqrt

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table
from benchmarks.verdict_designs import Floats
from reports.search.bands import HIGHEST, Band, median_best_band, rank_limits, reaching_band
from reports.search.comparison import RARE
from reports.search.tuning import CONFIDENCE

SIZES = (10, 30, 100, 300)
NUM_VALUES = 5
GAPS = (0, 0.5, 1, 2)
STD = sqrt(1 / 12)
"""Of a uniform draw."""

SEED = 0

Limits = Callable[[np.random.Generator, Floats], tuple[Floats, Floats]]


def know_all(_rng: np.random.Generator, scores: Floats) -> tuple[Floats, Floats]:
    """Return what scores are at least and at most: themselves."""
    return scores, scores


def stop_half(rng: np.random.Generator, scores: Floats) -> tuple[Floats, Floats]:
    """Return the same where every second candidate is stopped at a part of its score."""
    is_stopped = rng.random(scores.shape) < 0.5
    reached = scores * rng.random(scores.shape)
    return np.where(is_stopped, reached, scores), np.where(is_stopped, HIGHEST, scores)


def tie(draws: Floats) -> Floats:
    """Round uniform draws up to one of a few values; quantiles are rounded alike."""
    return np.ceil(NUM_VALUES * draws) / NUM_VALUES


def keep(draws: Floats) -> Floats:
    """Leave draws as they are."""
    return draws


LAWS: Mapping[str, tuple[Callable[[Floats], Floats], Limits]] = {
    "uniform": (keep, know_all),
    "five values": (tie, know_all),
    "half stopped": (keep, stop_half),
}


def true_curve(num: int) -> Floats:
    """Return the median of the best of 1 to n uniform draws."""
    return 0.5 ** (1 / np.arange(1, num + 1))


def share_held(law: str, num: int, repeats: int, rng: np.random.Generator) -> float:
    """Return the share of searches whose band holds the whole true curve."""
    change, limit = LAWS[law]
    least, most = limit(rng, change(rng.random((repeats, num))))
    curve = change(true_curve(num))
    bands = (median_best_band(*one, CONFIDENCE) for one in zip(least, most, strict=True))
    return float(np.mean([((b.low <= curve) & (curve <= b.high)).all() for b in bands]))


def share_of_ranks(num: int, repeats: int, rng: np.random.Generator) -> float:
    """Return the share of searches whose ordered scores all keep the limits of their ranks."""
    low, high = rank_limits(num, CONFIDENCE)
    ordered = np.sort(rng.random((repeats, num)), axis=1)
    return float(((low <= ordered) & (ordered <= high)).all(axis=1).mean())


def ends_of(limits: Band) -> tuple[int, int]:
    """Return how far a band has an upper end, and the rank of its lower end at the last budget."""
    levels = true_curve(len(limits.low))
    return int((levels <= limits.low[-1]).sum()), int((limits.high <= levels[-1]).sum())


def smirnov_limits(num: int) -> Band:
    """Return the limits of ordered uniform draws by the band of Kolmogorov and Smirnov."""
    from scipy.stats import kstwo  # it takes a second to load

    reach = float(kstwo(num).ppf(CONFIDENCE))
    ranks = np.arange(1, num + 1)
    return Band(np.maximum(ranks / num - reach, 0), np.minimum((ranks - 1) / num + reach, 1))


def coverage_table(repeats: int) -> Table:
    """Tabulate how often the band holds the curve, and where it and another have ends."""
    table = markdown_table(
        *("candidates", "ranks", *LAWS),
        *("upper end up to", "K-S", "lower end at the last: rank", "K-S"),
    )
    for num in SIZES:
        rng = np.random.default_rng([SEED, num])
        held = [share_held(law, num, repeats, rng) for law in LAWS]
        held.insert(0, share_of_ranks(num, repeats, rng))
        ours, theirs = ends_of(rank_limits(num, CONFIDENCE)), ends_of(smirnov_limits(num))
        ends = (ours[0], theirs[0], ours[1], theirs[1])
        table.add_row(str(num), *(f"{share:.4f}" for share in held), *map(str, ends))
    return table


def differ(scores: Floats, others: Floats) -> bool:
    """Say whether the bands of two searches are apart anywhere, as `compare` does."""
    level = 1 - (1 - CONFIDENCE) / 2
    ours, theirs = (median_best_band(one, one, level) for one in (scores, others))
    return bool(((ours.low > theirs.high) | (ours.high < theirs.low)).any())


def run_differs(run: Floats, scores: Floats) -> tuple[bool, bool]:
    """Say whether a run is told from random search, anywhere and with its last candidate."""
    band = reaching_band(scores, scores, np.maximum.accumulate(run), CONFIDENCE)
    is_told = (band.high <= RARE) | (band.low >= 1 - RARE)
    return bool(is_told.any()), bool(is_told[-1])


def difference_table(repeats: int) -> Table:
    """Tabulate how often a random search is told from another, the law of which may be shifted.

    Gaps are in standard deviations of a score.
    """
    table = markdown_table(
        "candidates",
        *(f"apart at {gap:g} std" for gap in GAPS),
        *("a run, anywhere", "at its end"),
    )
    for num in SIZES:
        rng = np.random.default_rng([SEED, num, 1])
        pairs = rng.random((repeats, 2, num))
        apart = [
            float(np.mean([differ(ours + gap * STD, theirs) for ours, theirs in pairs]))
            for gap in GAPS
        ]
        told = np.mean([run_differs(*pair) for pair in pairs], axis=0)
        table.add_row(str(num), *(f"{share:.4f}" for share in (*apart, *told)))
    return table


@click.command()
@click.option("--repeats", default=20_000, show_default=True, help="Searches of each kind.")
def main(repeats: int) -> None:
    """Simulate the coverage of tuning curves' bands at a nominal 95 %."""
    console = Console(width=160)
    error = sqrt(CONFIDENCE * (1 - CONFIDENCE) / repeats)
    console.print(f"{repeats:,} searches each; standard error of a share of .95: {error:.4f}")
    console.print(coverage_table(repeats))
    console.print(difference_table(repeats))


if __name__ == "__main__":
    main()
