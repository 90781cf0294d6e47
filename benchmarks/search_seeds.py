"""Do more seeds of the best candidates help a search, and does the statement of its winner hold?

    python -m benchmarks.search_seeds

Nothing is trained. The first table searches the space `architecture` with the planted scores of
`benchmarks.search_power`: once with one seed a candidate, once with fewer candidates of which the
best get more seeds, both with equally many trials. The second table asks how often a 95 % interval
holds the true score of the winner: of the seeds that chose it, and of fresh ones.
"""

from typing import NamedTuple

import click
import numpy as np
import optuna
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table
from benchmarks.search_power import BEST, PLANTED, SEED_STD, fields_of, true_score
from benchmarks.verdict_designs import Floats
from orchestrator.search.sampling import choose_by, make_sampler
from reports.search.winner.rejection import count_kept, fresh_seeds, reject
from reports.search.winner.statement import estimate
from reports.statistics.gap import paired_gap
from search_spaces.spaces.architecture import ARCHITECTURE

SPREADS = (0.0, 0.8, 2.0)
"""The std over candidates of their true scores, in points; at 0 all are equal."""


class Drawn(NamedTuple):
    """A candidate: its true score, its score of one seed, and whether it is the planted best."""

    true: float
    measured: float
    is_planted: bool


def draw(num: int, seed: int) -> list[Drawn]:
    """Let TPE draw candidates, one after the other."""
    noise = SEED_STD * np.random.default_rng(seed).standard_normal(num)
    study = optuna.create_study(direction="maximize")
    drawn: list[Drawn] = []
    for number in range(num):
        study.sampler = make_sampler("tpe", seed, number)
        point = ARCHITECTURE.draw("tiny", choose_by(study.ask()))
        score = true_score(point)
        drawn.append(Drawn(score, score + noise[number], fields_of(point) == PLANTED))
        study.tell(number, drawn[-1].measured)
    return drawn


def choose(first: Floats, more: Floats) -> int:
    """Choose a candidate by successive rejection; return its place.

    Shapes:
        first: (candidates,), the scores of seed 0
        more: (candidates, seeds - 1), those of the other seeds
    """
    scores = {
        number: {0: float(score), **{seed: float(f1) for seed, f1 in enumerate(of_one, 1)}}
        for number, (score, of_one) in enumerate(zip(first, more, strict=True))
    }
    return reject(scores, 1 + more.shape[1]).ranked[0]


def count_repeats(num_seeds: int) -> int:
    """Count the trials that successive rejection adds."""
    return sum(count_kept(seed, num_seeds) for seed in range(1, num_seeds))


def choose_drawn(drawn: list[Drawn], num_seeds: int, seed: int) -> Drawn:
    """Choose among drawn candidates by more seeds of the best."""
    true, first = (np.array([getattr(one, name) for one in drawn]) for name in ("true", "measured"))
    noise = np.random.default_rng([seed, num_seeds]).standard_normal((len(drawn), num_seeds - 1))
    return drawn[choose(first, true[:, None] + SEED_STD * noise)]


def power_table(budgets: list[int], repeats: int, num_seeds: int) -> Table:
    """Compare one seed a candidate with more seeds of the best, at equal numbers of trials."""
    table = markdown_table(
        *("trials", "finds it: one seed", "more seeds", "best of those drawn: one seed"),
        *("more seeds", "points below the best: one seed", "more seeds", "fewer by (95 %)"),
    )
    drawn = [draw(max(budgets), seed) for seed in range(repeats)]
    for num in budgets:
        fewer = [each[: num - count_repeats(num_seeds)] for each in drawn]
        one = [max(each[:num], key=lambda candidate: candidate.measured) for each in drawn]
        same = [max(each, key=lambda candidate: candidate.measured) for each in fewer]
        more = [choose_drawn(each, num_seeds, seed) for seed, each in enumerate(fewer)]
        best = [max(candidate.true for candidate in each) for each in fewer]
        gap = paired_gap(100 * np.array([b.true - a.true for a, b in zip(one, more, strict=True)]))
        low, high = gap.interval()
        found = (sum(candidate.is_planted for candidate in each) for each in (one, more))
        of_drawn = (sum(c.true == b for c, b in zip(e, best, strict=True)) for e in (same, more))
        table.add_row(
            str(num),
            *(f"{number} of {repeats}" for number in found),
            *(f"{number}" for number in of_drawn),
            *(f"{100 * (BEST - np.mean([c.true for c in e])):.2f}" for e in (one, more)),
            f"{gap.mean:.2f} ({low:.2f} to {high:.2f})",
        )
    return table


def coverage_table(num_searches: int, num: int, num_seeds: int) -> Table:
    """Count how often intervals hold the winner's true score, with `num` random candidates."""
    table = markdown_table(
        *("candidates differ by", "seeds that chose: hold it", "too high by", "optimism told"),
        *("fresh seeds: hold it", "too high by"),
    )
    for number, spread in enumerate(SPREADS):
        rng = np.random.default_rng([num_seeds, number])
        told = [_state_one(rng, num, num_seeds, spread / 100) for _ in range(num_searches)]
        naive, fresh, above, fresh_above = np.mean(told, axis=0)
        table.add_row(
            f"{spread} points",
            *(f"{naive:.3f}", f"{100 * above:.2f}", f"{100 * (above - fresh_above):.2f}"),
            *(f"{fresh:.3f}", f"{100 * fresh_above:+.3f}"),
        )
    return table


def _state_one(rng: np.random.Generator, num: int, num_seeds: int, spread: float) -> list[float]:
    """Search once; return whether each interval holds the truth, and by how much it is too high."""
    true = BEST + spread * rng.standard_normal(num)
    scores = true[:, None] + SEED_STD * rng.standard_normal((num, num_seeds))
    winner = choose(scores[:, 0], scores[:, 1:])
    num_fresh = len(fresh_seeds(num_seeds))
    fresh = true[winner] + SEED_STD * rng.standard_normal(num_fresh)
    holds, above = [], []
    for values in (scores[winner], fresh):
        stated = estimate([float(value) for value in values])
        low, high = stated.interval
        holds.append(float(low <= true[winner] <= high))
        above.append(stated.mean - float(true[winner]))
    return [*holds, *above]


@click.command()
@click.option("--repeats", default=100, show_default=True, help="Searches of the first table.")
@click.option("--searches", default=5000, show_default=True, help="Those of the second.")
@click.option("--trials", multiple=True, default=(60, 100, 150), show_default=True)
@click.option("--seeds", default=5, show_default=True, help="Seeds that choose the winner.")
def main(repeats: int, searches: int, trials: tuple[int, ...], seeds: int) -> None:
    """Compare one seed with more of the best, and measure the coverage of the winner's interval."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console(width=200)
    console.print(f"{repeats} searches, {seeds} seeds; noise of a seed {100 * SEED_STD} points")
    console.print(power_table(list(trials), repeats, seeds))
    console.print(f"{searches} searches of 60 candidates, {seeds} seeds choose")
    console.print(coverage_table(searches, 60, seeds))


if __name__ == "__main__":
    main()
