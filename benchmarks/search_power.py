"""Which sampler finds a planted best architecture most often, and how near do the others come?

    python -m benchmarks.search_power

Nothing is trained. This file defines the score of a candidate as a function of its fields, over the
built-in space `architecture`. Each candidate is measured once, with the noise of a seed. A value
that is not the best of its field costs half a point to three points. Semantic enhancement gains
less if the modalities exchange nothing, and the best of the other system is two points lower. All
samplers get the same noise, and the candidate with the highest measured score wins.

`tpe-groups` is the sampler of `mmer-sweep tune`. `--sampler` chooses which others stand beside it,
by their names here or as MODULE:CLASS. The constructor of such a class takes a `seed`. So samplers
of OptunaHub can be compared too, with the folder `package/samplers` of its registry on PYTHONPATH:

    python -m benchmarks.search_power --sampler hierarchical_tpe:HierarchicalTPESampler
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import log10
from time import process_time
from typing import cast

import click
import numpy as np
import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.study import Study
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table
from orchestrator.search.sampling import choose_by, make_sampler, seed_of
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
"""Makes the sampler of a candidate from the seed of the search and the candidate's number."""

OURS = "tpe-groups"
SAMPLERS: Mapping[str, MakeSampler] = {
    OURS: partial(make_sampler, "tpe"),
    "tpe": lambda seed, number: TPESampler(seed=seed_of(seed, number)),
    "tpe-fields": lambda seed, number: TPESampler(seed=seed_of(seed, number), multivariate=False),
    "gp": lambda seed, number: GPSampler(
        seed=seed_of(seed, number), warn_independent_sampling=False
    ),
    "gp-tpe": lambda seed, number: GPSampler(
        seed=seed_of(seed, number),
        independent_sampler=make_sampler("tpe", seed, number),
        warn_independent_sampling=False,
    ),
    "nsga2": lambda seed, number: NSGAIISampler(seed=seed_of(seed, number)),
    "random": partial(make_sampler, "random"),
}
"""`tpe` has Optuna's defaults. `tpe-fields` draws each field by itself, by default so in Optuna 4.

A Gaussian process knows only the fields that all candidates have. It leaves the others to chance,
in `gp-tpe` to TPE.
"""


@dataclass(frozen=True)
class Found:
    """The choice of a search: whether it is the planted architecture, and its score without noise.

    `has_seen` says whether the planted architecture was among the candidates.
    """

    is_planted: bool
    score: float
    has_seen: bool

    @property
    def lost(self) -> float:
        """How many points the choice lies below the best."""
        return 100 * (BEST - self.score)


@dataclass(frozen=True)
class Candidates:
    """The candidates of a search in their order: points, measured scores, CPU seconds of asking."""

    points: Sequence[Point]
    measured: Sequence[float]
    ask_s: Sequence[float]

    def found(self, num: int) -> Found:
        """Return what a search of the first `num` candidates finds."""
        points = self.points[:num]
        chosen = points[int(np.argmax(self.measured[:num]))]
        return Found(
            is_planted=fields_of(chosen) == PLANTED,
            score=true_score(chosen),
            has_seen=any(fields_of(point) == PLANTED for point in points),
        )


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


def search(make: MakeSampler, num: int, seed: int, at_once: int = 1) -> Candidates:
    """Search with `num` candidates; `at_once` of them are proposed before the first has a score.

    The first candidates of a search are those of a shorter one.
    """
    noise = SEED_STD * np.random.default_rng(seed).standard_normal(num)
    study = optuna.create_study(direction="maximize")
    points: list[Point] = []
    measured: list[float] = []
    ask_s: list[float] = []
    for number in range(num):
        start = process_time()
        points.append(_ask(study, make(seed, number)))
        ask_s.append(process_time() - start)
        measured.append(true_score(points[number]) + noise[number])
        if (ended := number - at_once + 1) >= 0:
            study.tell(ended, measured[ended])
    return Candidates(points, measured, ask_s)


def _ask(study: Study, sampler: BaseSampler) -> Point:
    study.sampler = sampler
    return ARCHITECTURE.draw("tiny", choose_by(study.ask()))


def count(events: Sequence[bool]) -> str:
    """Count how often something is true, with the exact 95 % interval of its share.

    The interval is that of Clopper & Pearson (Biometrika 1934).
    """
    from scipy.stats import binomtest  # it takes a second to load

    share = binomtest(sum(events), len(events)).proportion_ci()
    low, high = round(100 * share.low), round(100 * share.high)
    return f"{sum(events)} of {len(events)} ({low} to {high} %)"


def mean(points: Sequence[float]) -> str:
    """Average points, with the 95 % t interval."""
    gap = paired_gap(np.array(points))
    low, high = gap.interval()
    return f"{gap.mean:z.2f} ({low:z.2f} to {high:z.2f})"


def power_table(
    samplers: Mapping[str, MakeSampler], budgets: Sequence[int], repeats: int, at_once: int
) -> Table:
    """Search with every sampler and with ours, and compare them at every budget."""
    table = markdown_table(
        *("candidates", "sampler", "finds it (95 %)", "sees it"),
        *("points below the best (95 %)", f"fewer than {OURS} (95 %)", "ms an ask"),
    )
    searches = {
        name: [search(make, max(budgets), seed, at_once) for seed in range(repeats)]
        for name, make in {OURS: SAMPLERS[OURS], **samplers}.items()
    }
    for num in budgets:
        ours = [one.found(num) for one in searches[OURS]]
        for name, searched in searches.items():
            found = [one.found(num) for one in searched]
            gains = [own.lost - one.lost for own, one in zip(ours, found, strict=True)]
            table.add_row(
                str(num),
                name,
                count([one.is_planted for one in found]),
                str(sum(one.has_seen for one in found)),
                mean([one.lost for one in found]),
                "" if name == OURS else mean(gains),
                f"{1000 * np.mean([one.ask_s[:num] for one in searched]):.1f}",
            )
    return table


def sampler_of(name: str) -> MakeSampler:
    """Return the sampler of a name, or make samplers of a class named as MODULE:CLASS.

    Raises:
        click.BadParameter: If there is none.
    """
    if name in SAMPLERS:
        return SAMPLERS[name]
    module, _, class_name = name.partition(":")
    try:
        maker = getattr(import_module(module), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise click.BadParameter(
            f"there is no sampler '{name}' ({error}); choose from {', '.join(SAMPLERS)}, or name a "
            "class as MODULE:CLASS, for example optuna.samplers:NSGAIIISampler"
        ) from error
    return lambda seed, number: cast(BaseSampler, maker(seed=seed_of(seed, number)))


@click.command()
@click.option(
    "--sampler",
    "names",
    multiple=True,
    default=tuple(SAMPLERS),
    show_default=True,
    help="A sampler to compare: a name, or MODULE:CLASS.",
)
@click.option("--repeats", type=click.IntRange(min=2), default=50, show_default=True)
@click.option("--trials", multiple=True, default=(60, 100, 200), show_default=True)
@click.option("--at-once", default=1, show_default=True, help="Candidates that train at once.")
def main(names: tuple[str, ...], repeats: int, trials: tuple[int, ...], at_once: int) -> None:
    """Compare the sampler of the search with other samplers at equal budget."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console(width=200)
    console.print(f"{repeats} repeats, {at_once} at once; noise of a seed {100 * SEED_STD} points")
    samplers = {name: sampler_of(name) for name in names}
    console.print(power_table(samplers, trials, repeats, at_once))


if __name__ == "__main__":
    main()
