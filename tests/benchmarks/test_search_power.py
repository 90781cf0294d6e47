from collections.abc import Iterator
from math import isnan

import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler, PartialFixedSampler
from pydantic import JsonValue

from benchmarks.search_power import (
    BEST,
    BEST_RATE,
    COSTS,
    PLANTED,
    RATE,
    SAMPLERS,
    Found,
    MakeSampler,
    fields_of,
    power_table,
    search,
    sign_p,
    true_score,
)
from search_spaces.space import Choice, IntRange, Point, SpaceField
from search_spaces.spaces.architecture import ARCHITECTURE


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def domain(field: SpaceField) -> list[JsonValue]:
    """List a field's values, of a rate the best one."""
    match field:
        case Choice():
            return list(field.options)
        case IntRange():
            return list(range(field.low, field.high + 1))
        case _:
            return [BEST_RATE]


def every_architecture(chosen: tuple[int, ...] = ()) -> Iterator[Point]:
    """Go through the space: `chosen` says which value the first fields have, others their first."""
    sizes: list[int] = []

    def choose(field: SpaceField) -> JsonValue:
        values, place = domain(field), len(sizes)
        sizes.append(len(values))
        return values[chosen[place] if place < len(chosen) else 0]

    yield ARCHITECTURE.draw("tiny", choose)
    for place in range(len(chosen), len(sizes)):
        firsts = (*chosen, *[0] * (place - len(chosen)))
        for other in range(1, sizes[place]):
            yield from every_architecture((*firsts, other))


def test_planted_architecture_is_the_only_best_of_the_whole_space() -> None:
    points = list(every_architecture())
    assert len(points) == 16 * (6 * 7 + 6 * 5 * 7 + 2) + 25 * (3 * 5 + 3 + 3 + 3 + 5)
    ranked = sorted(points, key=true_score)
    assert fields_of(ranked[-1]) == PLANTED
    assert true_score(ranked[-1]) == BEST
    assert true_score(ranked[-2]) == pytest.approx(BEST - 0.01)


def test_every_cost_is_of_a_value_that_the_space_has() -> None:
    known = {field.name: domain(field) for field in ARCHITECTURE.all_fields}
    assert all(set(costs) < set(known[name]) for name, costs in COSTS.items())


def test_score_is_the_sum_of_what_the_fields_and_the_rate_cost() -> None:
    values = {**PLANTED, "cross": "independent", "model.cross.depth": 1, RATE: 10 * BEST_RATE}
    del values["model.cross.num_tokens"], values["system"]
    point = Point("xia", values, {})
    assert true_score(point) == pytest.approx(BEST - 0.01 * (3 + 1 + 1 + 3))


def test_sign_test_counts_only_the_repeats_that_differ() -> None:
    assert sign_p([True] * 5 + [False] * 5, [False] * 10) == pytest.approx(0.5**5)
    assert sign_p([True, False, True], [False, True, True]) == pytest.approx(0.75)
    assert isnan(sign_p([True, False], [True, False]))


def plant_at(place: int) -> MakeSampler:
    """Draw at random, but the planted point as the candidate of that number."""

    def make(seed: int, number: int) -> BaseSampler:
        by_chance = SAMPLERS["random"](seed, number)
        if number != place:
            return by_chance
        return PartialFixedSampler({**PLANTED, RATE: BEST_RATE}, by_chance)

    return make


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("at_once", [1, 3])
def test_search_chooses_by_what_it_measures(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    assert search(plant_at(3), 8, 0, at_once) == Found(is_planted=True, score=BEST, has_seen=True)
    monkeypatch.setattr("benchmarks.search_power.SEED_STD", 1e6)
    luckiest = int(np.random.default_rng(0).standard_normal(8).argmax())
    assert search(plant_at(luckiest), 8, 0, at_once).is_planted
    elsewhere = search(plant_at(luckiest - 1), 8, 0, at_once)
    assert elsewhere.has_seen
    assert not elsewhere.is_planted


def test_tpe_chooses_better_than_chance_with_candidates_at_once_too() -> None:
    gains = [
        search(SAMPLERS["TPE"], 60, seed, at_once=2).score
        - search(SAMPLERS["random"], 60, seed).score
        for seed in range(5)
    ]
    assert np.mean(gains) > 0.005


def test_table_has_a_line_for_every_budget() -> None:
    table = power_table([12, 14], repeats=2, at_once=1)
    assert table.row_count == 2
    assert list(table.columns[0].cells) == ["12", "14"]
