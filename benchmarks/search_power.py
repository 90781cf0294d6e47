"""How often does the search find a planted best architecture, and how often does random search?

    python -m benchmarks.search_power

Nothing is trained. This file defines the score of a candidate as a function of its fields, over the
built-in space `architecture`. Each candidate is measured once, with the noise of a seed. A value
that is not the best of its field costs half a point to three points. Semantic enhancement gains
less if the modalities exchange nothing, and the best of the other system is two points lower. The
sampler of `mmer-sweep tune` is compared with a random sampler. Both get the same noise, and the
candidate with the highest measured score wins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import log10, nan
from typing import cast

import click
import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.study import Study
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table
from orchestrator.search.sampling import choose_by, make_sampler
from reports.statistics.gap import paired_gap
from search_spaces.space import SYSTEM, Point
from search_spaces.spaces.architecture import ARCHITECTURE

BEST = 0.60
SEED_STD = 0.008
"""The std of a candidate's score over seeds, a fraction: the simulations assume .8 points."""

RATE = "training.learning_rate"
BEST_RATE, RATE_COST = 3e-4, 3.0
"""The best learning rate, and the points that a rate off by a factor of ten costs."""

PLANTED: Mapping[str, JsonValue] = {
    SYSTEM: "xia",
    "sem": "audio+vision",
    "model.audio.sem_after": "conv2+conv4",
    "model.vision.sem_after": "conv3+conv5",
    "cross": "bottleneck",
    "model.cross.depth": 2,
    "model.cross.num_tokens": "4",
}
COSTS: Mapping[str, Mapping[JsonValue, float]] = {
    SYSTEM: {"le": 2.0},
    "sem": {"audio": 1.5, "vision": 1.5, "off": 3.0},
    "model.audio.sem_after": {
        "conv4": 1.0,
        "conv2+conv3+conv4": 1.0,
        "conv1+conv2+conv3+conv4": 1.5,
    },
    "model.vision.sem_after": {
        "conv5": 1.0,
        "conv3+conv4+conv5": 1.0,
        "conv2+conv3+conv4+conv5": 1.5,
    },
    "cross": {"independent": 3.0, "joint": 2.0, "bicross": 1.5, "nagrani": 1.5},
    "model.cross.depth": {1: 1.0, 3: 1.0},
    "model.cross.num_tokens": {"1": 2.0, "2": 1.0, "8": 1.0, "16": 2.0},
    "model.audio.depth": {1: 1.0, 2: 0.5, 4: 0.5},
    "model.vision.depth": {1: 1.0, 2: 0.5, 4: 0.5},
    "fusion": {"gated": 2.0, "early": 3.0, "bottleneck": 1.0},
    "model.fusion.depth": {1: 1.0, 2: 0.5, 4: 0.5, 5: 1.0, 6: 1.5},
    "model.fusion.num_tokens": {"1": 0.5, "16": 0.5},
    "head": {"cls": 1.0},
    "model.head.depth": {1: 1.0, 3: 0.5, 4: 1.0, 5: 1.0, 6: 1.0},
}
"""The cost in points of every value that is not the best of its field."""

SEM_ALONE = 1.0
"""The points that enhanced modalities lose if they exchange nothing."""

MakeSampler = Callable[[int, int], BaseSampler]
SAMPLERS: Mapping[str, MakeSampler] = {
    "TPE": partial(make_sampler, "tpe"),
    "random": partial(make_sampler, "random"),
}


@dataclass(frozen=True)
class Found:
    """The choice of a search: whether it is the planted architecture, and its score without noise.

    `has_seen` says whether the planted architecture was among the candidates.
    """

    is_planted: bool
    score: float
    has_seen: bool


def fields_of(point: Point) -> dict[str, JsonValue]:
    """List the system and the fields of a point's architecture, without the learning rate."""
    return {
        SYSTEM: point.system,
        **{name: value for name, value in point.values.items() if name != RATE},
    }


def true_score(point: Point) -> float:
    """Return the score of a point without noise, a fraction."""
    fields = fields_of(point)
    points = sum(COSTS[name].get(value, 0.0) for name, value in fields.items())
    if fields.get("sem", "off") != "off" and fields["cross"] == "independent":
        points += SEM_ALONE
    rate = cast(float, point.values[RATE])
    points += RATE_COST * log10(rate / BEST_RATE) ** 2
    return BEST - points / 100


def search(make: MakeSampler, num: int, seed: int, at_once: int = 1) -> Found:
    """Search with `num` candidates; `at_once` of them are proposed before the first has a score."""
    noise = SEED_STD * np.random.default_rng(seed).standard_normal(num)
    study = optuna.create_study(direction="maximize")
    asked: list[tuple[float, Point]] = []
    for number in range(num + at_once - 1):
        if number < num:
            point = _ask(study, make(seed, number))
            asked.append((true_score(point) + noise[number], point))
        if (ended := number - at_once + 1) >= 0:
            study.tell(ended, asked[ended][0])
    chosen = max(asked, key=lambda pair: pair[0])[1]
    return Found(
        is_planted=fields_of(chosen) == PLANTED,
        score=true_score(chosen),
        has_seen=any(fields_of(point) == PLANTED for _, point in asked),
    )


def _ask(study: Study, sampler: BaseSampler) -> Point:
    study.sampler = sampler
    return ARCHITECTURE.draw("tiny", choose_by(study.ask()))


def sign_p(found: list[bool], rival: list[bool]) -> float:
    """Return the exact p of H0: `found` is not more often true than `rival`, paired, one-sided.

    This is McNemar's test: in repeats where only one of the two is true, it is either one with
    probability 1/2.
    """
    from scipy.stats import binomtest

    wins = sum(one and not other for one, other in zip(found, rival, strict=True))
    losses = sum(other and not one for one, other in zip(found, rival, strict=True))
    if wins + losses == 0:
        return nan
    return float(binomtest(wins, wins + losses, alternative="greater").pvalue)


def power_table(budgets: list[int], repeats: int, at_once: int) -> Table:
    """Search with every sampler at every budget, and compare them."""
    table = markdown_table(
        *("candidates", "finds it: TPE", "random", "p", "sees it: TPE", "random"),
        *("points below the best: TPE", "random", "fewer by (95 %)"),
    )
    for num in budgets:
        found = {
            name: [search(make, num, seed, at_once) for seed in range(repeats)]
            for name, make in SAMPLERS.items()
        }
        tpe, random = found["TPE"], found["random"]
        gap = paired_gap(
            100 * np.array([a.score - b.score for a, b in zip(tpe, random, strict=True)])
        )
        low, high = gap.interval()
        planted = [[one.is_planted for one in each] for each in (tpe, random)]
        table.add_row(
            str(num),
            *(f"{sum(each)} of {repeats}" for each in planted),
            f"{sign_p(*planted):.2g}",
            *(str(sum(one.has_seen for one in each)) for each in (tpe, random)),
            *(f"{100 * (BEST - np.mean([o.score for o in e])):.2f}" for e in (tpe, random)),
            f"{gap.mean:.2f} ({low:.2f} to {high:.2f})",
        )
    return table


@click.command()
@click.option("--repeats", default=20, show_default=True, help="Searches of each kind.")
@click.option("--trials", multiple=True, default=(60, 100, 200), show_default=True)
@click.option("--at-once", default=1, show_default=True, help="Candidates that train at once.")
def main(repeats: int, trials: tuple[int, ...], at_once: int) -> None:
    """Compare the sampler of the search with a random sampler at equal budget."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console(width=200)
    console.print(f"{repeats} repeats, {at_once} at once; noise of a seed {100 * SEED_STD} points")
    console.print(power_table(list(trials), repeats, at_once))


if __name__ == "__main__":
    main()
