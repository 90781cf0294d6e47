from collections.abc import Iterator

import click
import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler, PartialFixedSampler
from pydantic import JsonValue

from benchmarks.search_power import (
    BEST,
    BEST_RATE,
    COSTS,
    OURS,
    PLANTED,
    RATE,
    SAMPLERS,
    Found,
    MakeSampler,
    count,
    fields_of,
    mean,
    power_table,
    sampler_of,
    search,
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


def test_count_has_the_exact_interval_of_a_share() -> None:
    assert count([False] * 10) == "0 of 10 (0 to 31 %)"  # 1 - .025 ** (1 / 10)
    assert count([True, False] * 5) == "5 of 10 (19 to 81 %)"


def test_mean_has_the_interval_of_student() -> None:
    assert mean([1.0, 2.0, 3.0]) == "2.00 (-0.48 to 4.48)"  # 4.303 / sqrt(3)


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
    found = search(plant_at(3), 8, 0, at_once).found(8)
    assert found == Found(is_planted=True, score=BEST, has_seen=True)
    assert found.lost == 0
    monkeypatch.setattr("benchmarks.search_power.SEED_STD", 1e6)
    luckiest = int(np.random.default_rng(0).standard_normal(8).argmax())
    assert search(plant_at(luckiest), 8, 0, at_once).found(8).is_planted
    elsewhere = search(plant_at(luckiest - 1), 8, 0, at_once).found(8)
    assert elsewhere.has_seen
    assert not elsewhere.is_planted


@pytest.mark.parametrize("at_once", [1, 3])
def test_shorter_search_has_the_first_candidates_of_a_longer_one(at_once: int) -> None:
    short = search(SAMPLERS[OURS], 16, 0, at_once)
    long = search(SAMPLERS[OURS], 20, 0, at_once)
    assert long.points[:16] == short.points
    assert long.measured[:16] == short.measured
    assert long.found(16) == short.found(16)


def test_candidates_at_once_do_not_know_of_each_other() -> None:
    """The sampler learns from the tenth score on, so from the eleventh candidate if one at once."""
    one, three = (search(SAMPLERS[OURS], 13, 0, at_once).points for at_once in (1, 3))
    assert one[:10] == three[:10]
    by_chance = search(SAMPLERS["random"], 13, 0).points
    assert one[10] != by_chance[10]
    assert three[:12] == by_chance[:12]
    assert three[12] != by_chance[12]


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_draws_the_same_candidate_from_the_same_history(name: str) -> None:
    first, second = (search(SAMPLERS[name], 14, 3, at_once=2).points for _ in range(2))
    assert first == second
    assert first != search(SAMPLERS[name], 14, 4, at_once=2).points


def test_class_of_a_module_is_a_sampler_too() -> None:
    make = sampler_of("optuna.samplers:NSGAIISampler")
    assert search(make, 60, 1).points == search(SAMPLERS["nsga2"], 60, 1).points


@pytest.mark.parametrize("name", ["grid", "optuna.samplers:Grid", "no_module:Sampler"])
def test_unknown_sampler_is_an_error_that_names_the_choices(name: str) -> None:
    with pytest.raises(click.BadParameter, match=f"there is no sampler '{name}'.*tpe-groups"):
        sampler_of(name)


def test_tpe_chooses_better_than_chance_with_candidates_at_once_too() -> None:
    gains = [
        search(SAMPLERS["random"], 60, seed).found(60).lost
        - search(SAMPLERS[OURS], 60, seed, at_once=2).found(60).lost
        for seed in range(5)
    ]
    assert np.mean(gains) > 0.5


def test_table_has_a_line_for_every_budget_and_sampler() -> None:
    table = power_table({"random": SAMPLERS["random"]}, [12, 14], repeats=2, at_once=1)
    assert list(table.columns[0].cells) == ["12", "12", "14", "14"]
    assert list(table.columns[1].cells) == [OURS, "random"] * 2
    assert [bool(cell) for cell in table.columns[5].cells] == [False, True] * 2
