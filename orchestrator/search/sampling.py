"""Draws the next candidate, by Optuna's TPE or at random: only the fields that it has."""

import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from zlib import crc32

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import Trial
from pydantic import JsonValue

from corpora.source.errors import CorpusError
from models.weights.errors import WeightsError
from orchestrator.candidates.estimate import Drawn
from orchestrator.search.points import Points
from reports.ledger.search_result import SamplerName
from search_spaces.errors import StudyError
from search_spaces.space import Choice, IntRange, LogRange, Point, SpaceField

NUM_RANDOM = 10
"""How many candidates must end before the sampler learns from them; TPE's default."""


def make_sampler(name: SamplerName, seed: int, number: int) -> BaseSampler:
    """Make the sampler of one candidate.

    Its random numbers depend on the candidate's number. So any process draws the same candidate
    from the same history, also after an interruption, and each candidate has its own numbers.
    """
    own_seed = seed_of(seed, number)
    if name == "random":
        return RandomSampler(seed=own_seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group`
        return TPESampler(
            n_startup_trials=NUM_RANDOM,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=own_seed,
        )


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a candidate's own random numbers."""
    return crc32(f"{seed}/{number}".encode())


def choose_by(trial: Trial) -> Callable[[SpaceField], JsonValue]:
    """Return a function that asks Optuna for the value of a field."""

    def choose(field: SpaceField) -> JsonValue:
        match field:
            case Choice():
                return trial.suggest_categorical(field.name, list(field.options))
            case IntRange():
                return trial.suggest_int(field.name, field.low, field.high)
            case LogRange():
                return trial.suggest_float(field.name, field.low, field.high, log=True)

    return choose


def draw_at_random(points: Points, seed: int, numbers: Iterable[int]) -> list[Drawn]:
    """Draw candidates by chance, as a random search draws the candidates of these numbers.

    The first `NUM_RANDOM` are also those of TPE. Points that have no trial are left out.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    drawn = []
    for number in numbers:
        study.sampler = make_sampler("random", seed, number)
        drawn.append(points.space.draw(points.scale, choose_by(study.ask())))
    return with_trials(points, drawn)


def with_trials(points: Points, drawn: Iterable[Point]) -> list[Drawn]:
    """Put its trial beside each point; leave out points that have none."""
    found = []
    for point in drawn:
        with suppress(CorpusError, StudyError, WeightsError):
            found.append(Drawn(point, points.trial(point)))
    return found
