"""How often are verdicts wrong, how often right, and how many runs do adaptive seeds save?

    python -m benchmarks.verdict_errors

The claims are simulated; nothing is trained. A claim compares a row with another one over at most
ten paired seeds. Its published gap is d_z standard deviations of the differences, and its margin is
half of this gap. If nothing is published, d_z is 0 and the margin is .44: half a point at a seed
std of .8. The claims of a table have rows of their own, or share the other row, which gives them a
correlation of .5.

The designs, all at one-sided .025 for each hypothesis over the whole table:

    fixed: ten seeds, then Holm, as `reports.statistics.verdicts.judge` does
    adaptive: looks at 3, 5, 7 and 10 seeds with the cutoffs of `reports.statistics.sequential`;
        alpha is split evenly; the first verdict closes a claim, and a row without open claims stops
    recycled: as adaptive, but if a hypothesis is rejected for a claim, the claim passes its share
        of that hypothesis's alpha on to the other claims
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.special import stdtrit

from benchmarks.all_pairs_errors import all_pairs_table
from benchmarks.best_of_bias import best_of_table
from benchmarks.fold_errors import fold_table, validated_table
from benchmarks.measurement import markdown_table
from benchmarks.noise_floor import noise_table
from benchmarks.skewed_seeds import skew_table
from benchmarks.superiority_coverage import superiority_table
from benchmarks.variance_sources import advice_table, stream_table
from benchmarks.verdict_designs import (
    ALPHA,
    DESIGNS,
    LAWS,
    Bools,
    Design,
    Estimates,
    Floats,
    Rejected,
    estimate,
)
from reports.statistics.looks import LOOKS
from reports.statistics.sequential import cutoff

NUM_CLAIMS = (1, 4, 8)
PUBLISHED = (0.0, 1.0, 2.0, 3.0)
MARGIN_OF_NONE = 0.44
SEED = 0

FALSE = ("HOLDS", "HOLDS, half", "below margin", "REVERSED", "EQUIVALENT")
"""The false verdicts: HOLDS if all gaps are 0; HOLDS if every second gap is 0 and the others are as
published; FAILS or HOLDS-WEAKER if all gaps equal their margins; REVERSED if all gaps are 0;
EQUIVALENT if all gaps equal their margins, or all the opposite."""

MARGINS = (0.5, 1.0, 2.0)
"""The margins of claims whose gaps are 0, in standard deviations of the differences."""


def num_runs(num_seeds: NDArray[np.int_], shared: bool) -> Floats:
    """Count the runs of each replication: a row gets seeds while one of its claims is open."""
    others = num_seeds.max(axis=1) if shared else num_seeds.sum(axis=1)
    return (num_seeds.sum(axis=1) + others).astype(np.float64)


def margin_of(published: float) -> float:
    """Return the margin of a published gap."""
    return published / 2 or MARGIN_OF_NONE


def false_verdicts(design: Design, estimates: Estimates) -> dict[str, float]:
    """Find the share of tables with each false verdict, at the d_z where it is highest."""
    num_claims = estimates.means.shape[2]
    half = (np.arange(num_claims) % 2).astype(np.float64)
    worst = dict.fromkeys(FALSE, 0.0)
    for published in PUBLISHED:
        margin = margin_of(published)
        none, some = design(estimates, 0.0, margin), design(estimates, half * published, margin)
        on_margin, opposite = (design(estimates, gap, margin) for gap in (margin, -margin))
        false = (
            none.not_above,
            some.not_above & (half == 0),
            on_margin.not_weaker,
            none.not_below,
            max(on_margin.equivalent, opposite.equivalent, key=_error),
        )
        for name, claims in zip(FALSE, false, strict=True):
            worst[name] = max(worst[name], _error(claims))
    return worst


def _error(claims: Bools) -> float:
    """Find the share of tables in which any claim is called so.

    Shapes:
        claims: (replications, claims)
    """
    return float(claims.any(axis=1).mean())


@dataclass(frozen=True)
class Gain:
    """The share of claims that hold, and of saved runs, if the published gaps are true."""

    power: float
    saved: float


def find_gain(design: Design, estimates: Estimates, published: float, shared: bool) -> Gain:
    """Apply a design to tables whose published gaps are true."""
    decided = design(estimates, published, margin_of(published))
    planned = num_runs(np.full_like(decided.num_seeds, estimates.looks[-1]), shared)
    saved = 1 - num_runs(decided.num_seeds, shared).mean() / planned.mean()
    return Gain(power=float(decided.not_above.mean()), saved=float(saved))


def peeking_error(estimates: Estimates, cutoffs: Floats) -> float:
    """Find how often a gap of 0 is called positive at any look.

    Shapes:
        cutoffs: (looks,), the cutoffs of p
    """
    bounds = -stdtrit(np.array(estimates.looks) - 1, cutoffs)
    above = estimates.t(0.0, 0.0) > bounds[:, None, None]
    return float(above.any(axis=(0, 2)).mean())


def tables_of(law: str, num: int) -> Iterator[tuple[int, bool, Estimates]]:
    """Draw tables of every size, without and with a shared row; a single claim shares none."""
    for num_claims, shared in product(NUM_CLAIMS, (False, True)):
        if num_claims > 1 or not shared:
            rng = np.random.default_rng([SEED, list(LAWS).index(law), num_claims, shared])
            yield num_claims, shared, estimate(law, num, num_claims, shared=shared, rng=rng)


def error_table(num: int) -> Table:
    """Tabulate the share of tables with a false verdict, by design."""
    table = markdown_table("errors", "correlation", "claims", *FALSE)
    for law in LAWS:
        for num_claims, shared, estimates in tables_of(law, num):
            found = [false_verdicts(design, estimates) for design in DESIGNS.values()]
            shares = (" / ".join(f"{errors[kind]:.4f}" for errors in found) for kind in FALSE)
            table.add_row(law, f"{shared / 2}", str(num_claims), *shares)
    return table


def gain_table(num: int) -> Table:
    """Tabulate power and the share of runs saved, by design."""
    headers = (f"d_z {d_z:g}: {what}" for d_z in PUBLISHED for what in ("power", "saved"))
    table = markdown_table("errors", "correlation", "claims", *headers)
    for law in LAWS:
        for num_claims, shared, estimates in tables_of(law, num):
            cells = []
            for published in PUBLISHED:
                gains = [find_gain(d, estimates, published, shared) for d in DESIGNS.values()]
                cells.append(" / ".join(f"{gain.power:.3f}" for gain in gains))
                cells.append(" / ".join(f"{gain.saved:.0%}" for gain in gains))
            table.add_row(law, f"{shared / 2}", str(num_claims), *cells)
    return table


def equivalence_table(num: int) -> Table:
    """Tabulate how often claims whose gaps are 0 are EQUIVALENT, by their margin and design."""
    headers = (f"margin {margin:g}" for margin in MARGINS)
    table = markdown_table("errors", "correlation", "claims", *headers)
    for law in LAWS:
        for num_claims, shared, estimates in tables_of(law, num):
            shares = [
                [
                    float(_called_equivalent(d(estimates, 0.0, margin)).mean())
                    for d in DESIGNS.values()
                ]
                for margin in MARGINS
            ]
            cells = (" / ".join(f"{share:.3f}" for share in of_margin) for of_margin in shares)
            table.add_row(law, f"{shared / 2}", str(num_claims), *cells)
    return table


def _called_equivalent(decided: Rejected) -> Bools:
    return decided.equivalent & ~decided.not_above & ~decided.not_below


def peeking_table(num: int) -> Table:
    """Tabulate the error of one claim that is tested at several looks."""
    table = markdown_table("errors", "looks", "each look at .025", "with our cutoffs")
    for (number, law), looks in product(enumerate(LAWS), ((4, 6, 8, 10), LOOKS)):
        rng = np.random.default_rng([SEED, number, looks[0]])
        estimates = estimate(law, num, 1, shared=False, rng=rng, looks=looks)
        cutoffs = np.array([cutoff(look, ALPHA, looks) for look in looks])
        shares = [peeking_error(estimates, p) for p in (np.full(len(looks), ALPHA), cutoffs)]
        table.add_row(law, ", ".join(map(str, looks)), *(f"{share:.4f}" for share in shares))
    return table


TABLES: Mapping[str, Callable[[int], Table]] = {
    "errors": error_table,
    "gains": gain_table,
    "equivalence": equivalence_table,
    "peeking": peeking_table,
    "superiority": superiority_table,
    "pairs": all_pairs_table,
    "best-of": best_of_table,
    "skew": skew_table,
    "noise": noise_table,
    "folds": fold_table,
    "validated-folds": validated_table,
    "streams": stream_table,
    "advice": advice_table,
}


@click.command()
@click.option("--replications", default=100_000, show_default=True, help="Tables of each kind.")
@click.option("--quick", is_flag=True, help="Simulate only 2,000 replications.")
@click.option(
    "--table", "names", multiple=True, type=click.Choice([*TABLES]), help="By default all."
)
def main(replications: int, quick: bool, names: Sequence[str]) -> None:
    """Simulate false verdicts, power and saved runs."""
    num = 2_000 if quick else replications
    console = Console(width=260)
    error = sqrt(ALPHA * (1 - ALPHA) / num)
    console.print(f"{num:,} replications; standard error of a share of .025: {error:.5f}")
    for name in names or TABLES:
        console.print(f"\n{name}")
        console.print(TABLES[name](num))


if __name__ == "__main__":
    main()
