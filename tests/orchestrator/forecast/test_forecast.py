from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from random import Random

import pytest

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.packing import Capacity, Measured
from orchestrator.forecast.forecast import (
    BETWEEN_TRIALS_S,
    TOLERANCE,
    WORKER_START_S,
    Forecast,
    choose_order,
    forecast_kinds,
    make_forecast,
    merge_orders,
)
from orchestrator.forecast.timetable import Task
from reports.ledger.probe import architecture_of
from search_spaces.catalogue import STUDIES
from search_spaces.study import RowRef, Study
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.probe_factory import EPOCHS, depth_of, make_assignment, make_probe

TWO_CORES = Capacity(on_gpu=False, num_devices=1, memory_mib=8000, num_cores=2)
ONE_GPU = Capacity(on_gpu=True, num_devices=1, memory_mib=24000, num_cores=8)
SLOW, QUICK = 30.0, 10.0
"""Seconds that a trial of each architecture takes."""


def forecast_of(
    assignments: Sequence[Assignment], capacity: Capacity, *, num_at_once: int | None = None
) -> Forecast:
    """Forecast trials of which those with a fusion of depth 3 are slow."""
    probes = {}
    for trial, *_ in assignments:
        seconds = SLOW if depth_of(trial) == 3 else QUICK
        probes[architecture_of(trial)] = make_probe(trial, seconds - BETWEEN_TRIALS_S)
    shares = {a.trial.key: Share(num_at_once, 100) for a in assignments if num_at_once}
    return make_forecast(assignments, probes, shares, capacity)


def two_rows(num_seeds: int) -> list[Assignment]:
    """List the trials of a quick and a slow row, as a plan does."""
    return [make_assignment(depth, seed) for seed in range(num_seeds) for depth in (1, 3)]


def test_probe_predicts_a_trial_of_all_its_epochs() -> None:
    assignment = make_assignment(1, 0)
    probe = make_probe(assignment.trial, 12.0)
    assert probe.trial_s(EPOCHS) == pytest.approx(12)
    forecast = make_forecast([assignment], {probe.architecture: probe}, {}, TWO_CORES)
    alone_s = WORKER_START_S + 12 + BETWEEN_TRIALS_S
    assert forecast.wall_s == pytest.approx((alone_s, alone_s))
    assert forecast.floor_s == pytest.approx(alone_s)


def test_sweep_on_two_cores_is_as_by_hand() -> None:
    forecast = forecast_of(two_rows(2), TWO_CORES)
    # slow 0 to 30, quick 0 to 10, then slow 10 to 40 beside quick 30 to 40
    assert [(a.trial.seed, a.trained_for.row) for a in forecast.order] == [
        (0, "deep"),
        (0, "shallow"),
        (1, "deep"),
        (1, "shallow"),
    ]
    assert forecast.wall_s == pytest.approx((WORKER_START_S + 40,) * 2)
    assert forecast.device_h == pytest.approx((80 / 3600,) * 2)
    assert forecast.utilisation == pytest.approx(80 / (2 * (WORKER_START_S + 40)))
    assert [a.trained_for.row for a in forecast.critical_path] in (
        ["shallow", "deep"],
        ["deep", "shallow"],
    )


def test_trials_without_a_share_take_a_core_or_a_whole_gpu() -> None:
    on_cores, on_gpu = (forecast_of(two_rows(2), place) for place in (TWO_CORES, ONE_GPU))
    assert (on_cores.quickest.num_slots, on_gpu.quickest.num_slots) == (2, 1)
    assert on_gpu.wall_s == pytest.approx((WORKER_START_S + 80,) * 2)


def test_trials_that_share_a_gpu_give_a_range() -> None:
    forecast = forecast_of(two_rows(2), ONE_GPU, num_at_once=4)
    at_least, at_most = WORKER_START_S + 30, WORKER_START_S + 80
    assert forecast.wall_s == pytest.approx((at_least, at_most))
    assert forecast.device_h == pytest.approx((at_least / 3600, at_most / 3600))


def two_kinds_of(assignments: Sequence[Assignment]) -> list[Measured]:
    """Measure trials on two A100 and on one T4, where they take twice as long."""
    return [
        Measured(
            ONE_GPU._replace(num_devices=num, gpu_kind=kind),
            {
                architecture_of(a.trial): make_probe(
                    a.trial, seconds * (2 if kind == "T4" else 1) - BETWEEN_TRIALS_S
                )
                for a in assignments
                for seconds in (SLOW if a.trained_for.row == "deep" else QUICK,)
            },
        )
        for kind, num in (("A100", 2), ("T4", 1))
    ]


def test_each_kind_of_gpu_is_forecast_with_the_trials_that_it_takes() -> None:
    trials = two_rows(2)
    a100, t4 = Share(1, 100, "A100"), Share(1, 50, "T4")
    shares = {a.trial.key: (a100,) if a.trained_for.row == "deep" else (a100, t4) for a in trials}
    forecasts = forecast_kinds(trials, two_kinds_of(trials), shares)
    # The deep end on the two A100 at 30, a quick one then at 40, or on the T4 at 20, the next at 40
    assert [
        [(a.trial.seed, a.trained_for.row, a.share) for a in forecast.order]
        for forecast in forecasts
    ] == [
        [(0, "deep", a100), (1, "deep", a100), (1, "shallow", a100)],
        [(0, "shallow", t4)],
    ]
    assert [f.capacity.gpu_kind for f in forecasts] == ["A100", "T4"]
    assert [f.wall_s[0] - WORKER_START_S for f in forecasts] == pytest.approx([40, 20])
    assert [f.kinds[-1].task.seconds for f in forecasts] == pytest.approx([10, 20])
    order = [(a.trial.seed, a.trained_for.row) for a in merge_orders(forecasts)]
    assert order == [(0, "deep"), (1, "deep"), (0, "shallow"), (1, "shallow")]


def test_kind_of_gpu_that_takes_nothing_has_no_forecast() -> None:
    trials = two_rows(2)
    shares = {a.trial.key: (Share(1, 100, "A100"),) for a in trials}
    (forecast,) = forecast_kinds(trials, two_kinds_of(trials), shares)
    assert forecast.capacity.gpu_kind == "A100"


def test_one_kind_is_forecast_as_ever() -> None:
    trials = two_rows(3)
    probes = two_kinds_of(trials)[0].probes
    shares = {a.trial.key: Share(2 if a.trained_for.row == "deep" else 3, 100) for a in trials}
    (forecast,) = forecast_kinds(
        trials, [Measured(ONE_GPU, probes)], {key: (share,) for key, share in shares.items()}, 2
    )
    bound = [a._replace(share=shares[a.trial.key]) for a in trials]
    assert forecast == make_forecast(bound, probes, shares, ONE_GPU, 2)
    assert merge_orders([forecast]) == list(forecast.order)


def starts_of_workers(forecast: Forecast, shares: Mapping[str, Share]) -> int:
    """Count changes of share from a trial to the next, the first trial among them."""
    taken = [shares[a.trial.key].num_at_once for a in forecast.order]
    return 1 + sum(one != other for one, other in pairwise(taken))


@pytest.mark.parametrize(("trial_s", "num_starts"), [(10.0, 2), (3600.0, 10)])
def test_trials_of_one_share_follow_each_other_where_workers_start_slowly(
    trial_s: float, num_starts: int
) -> None:
    """Shares 2 and 3 would alternate from seed to seed; one slot waits for each worker."""
    trials = two_rows(5)
    probes = {
        architecture_of(a.trial): make_probe(a.trial, trial_s - BETWEEN_TRIALS_S) for a in trials
    }
    shares = {a.trial.key: Share(2 if a.trained_for.row == "deep" else 3, 100) for a in trials}
    forecast = make_forecast(trials, probes, shares, TWO_CORES, num_slots=1)
    assert starts_of_workers(forecast, shares) == num_starts
    assert forecast.wall_s[0] == pytest.approx(num_starts * WORKER_START_S + 10 * trial_s)


def test_trials_that_take_turns_on_a_gpu_need_workers_of_their_own_too() -> None:
    trials = two_rows(1)
    probes = {architecture_of(a.trial): make_probe(a.trial, 10 - BETWEEN_TRIALS_S) for a in trials}
    shares = {a.trial.key: Share(n, 100) for n, a in zip((2, 3), trials, strict=True)}
    forecast = make_forecast(trials, probes, shares, ONE_GPU)
    assert forecast.wall_s == pytest.approx((WORKER_START_S + 10, 2 * WORKER_START_S + 20))


def test_longest_go_first_where_that_gains_more_than_a_worker_takes_to_start() -> None:
    trials = [make_assignment(depth, 0) for depth in range(1, 8)]
    lasting = [1000.0, 1000.0, 1000.0, 1000.0, 2000.0, 2000.0, 4000.0]
    tasks = {
        a.trial.key: Task(seconds, 2 if seconds == 1000 else 3)
        for a, seconds in zip(trials, lasting, strict=True)
    }
    seconds = {key: task.seconds for key, task in tasks.items()}
    order = choose_order(trials, tasks, lambda order: wall_s_of(order, seconds, 3))
    assert [seconds[a.trial.key] for a in order] == sorted(lasting, reverse=True)


def test_shares_of_memory_leave_cores_empty() -> None:
    many_cores = TWO_CORES._replace(num_cores=16)
    assert forecast_of(two_rows(4), many_cores, num_at_once=3).quickest.num_slots == 3


def test_kinds_of_trials_are_listed_by_what_they_take_in_all() -> None:
    forecast = forecast_of([*two_rows(1), make_assignment(1, 1)], TWO_CORES)
    assert [(k.first.trained_for.row, k.num_trials, k.task.seconds) for k in forecast.kinds] == [
        ("deep", 1, pytest.approx(SLOW)),
        ("shallow", 2, pytest.approx(QUICK)),
    ]
    assert forecast.longest.first.trained_for.row == "deep"


def test_trials_that_may_stop_early_are_counted() -> None:
    patient = make_assignment(1, 0, patience=2)
    assert forecast_of([patient, make_assignment(3, 0)], TWO_CORES).num_stopping == 1


def shortest_wall_s(lasting: Sequence[float], num_slots: int) -> float:
    """Try every way to deal trials to slots."""
    return min(
        max(
            sum(s for s, at in zip(lasting, slots, strict=True) if at == n)
            for n in range(num_slots)
        )
        for slots in product(range(num_slots), repeat=len(lasting))
    )


def wall_s_of(order: Sequence[Assignment], seconds: Mapping[str, float], num_slots: int) -> float:
    """Deal trials to slots, each to the one that is free first."""
    free_at = [0.0] * num_slots
    for assignment in order:
        free_at[free_at.index(min(free_at))] += seconds[assignment.trial.key]
    return max(free_at)


def order_on(
    num_slots: int, trials: Sequence[Assignment], seconds: Mapping[str, float]
) -> list[Assignment]:
    tasks = {key: Task(lasting, num_slots) for key, lasting in seconds.items()}
    return choose_order(trials, tasks, lambda order: wall_s_of(order, seconds, num_slots))


def test_order_of_one_seed_is_within_the_bound_of_longest_first() -> None:
    """Graham (1969): at most 4/3 - 1/(3 m) times the shortest there is."""
    random = Random(0)
    worst = 0.0
    for _ in range(20):
        trials = [make_assignment(depth, 0) for depth in range(1, 8)]
        seconds = {a.trial.key: float(random.randint(1, 20)) for a in trials}
        wall_s = wall_s_of(order_on(3, trials, seconds), seconds, 3)
        worst = max(worst, wall_s / shortest_wall_s(list(seconds.values()), 3))
    assert 1 <= worst <= 4 / 3 - 1 / 9


def trials_of(study: Study) -> list[Assignment]:
    corpus = CorpusRef(name="synthetic", recipe="le", fingerprint="f00d")
    trials = {
        trial.key: Assignment(trial, RowRef(study.name, row))
        for row, config in study.configs("synthetic", "tiny").items()
        for trial in (Trial(config=config, corpus=corpus, seed=seed) for seed in study.seeds)
    }
    return list(trials.values())


def test_seeds_are_pooled_where_one_after_the_other_would_end_with_one_long_trial() -> None:
    trials = two_rows(3)
    seconds = {a.trial.key: SLOW if a.trained_for.row == "deep" else QUICK for a in trials}
    three, one = (
        [(a.trial.seed, a.trained_for.row) for a in order_on(num_slots, trials, seconds)]
        for num_slots in (3, 1)
    )
    first = [(0, "deep"), (0, "shallow")]
    # One after the other: 50 s, as the deep trial of seed 2 starts after 20.
    assert three == [*first, (1, "deep"), (2, "deep"), (1, "shallow"), (2, "shallow")]
    assert one == [*first, (1, "deep"), (1, "shallow"), (2, "deep"), (2, "shallow")]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
@pytest.mark.parametrize("num_slots", [2, 8, 16])
def test_order_costs_next_to_nothing_beside_longest_first(study: Study, num_slots: int) -> None:
    trials = trials_of(study)
    random = Random(0)
    lasting: dict[str, float] = {}
    for trial, *_ in trials:
        lasting.setdefault(architecture_of(trial), random.lognormvariate(3, 0.8))
    seconds = {a.trial.key: lasting[architecture_of(a.trial)] for a in trials}
    order = order_on(num_slots, trials, seconds)
    longest_first = sorted(trials, key=lambda a: -seconds[a.trial.key])
    limit_s = TOLERANCE * wall_s_of(longest_first, seconds, num_slots)
    assert wall_s_of(order, seconds, num_slots) <= limit_s
    assert {a.trial.key for a in order} == seconds.keys()
    if num_slots == 2:  # a table of two seeds at least has every row when one seed is to come
        assert [a.trial.seed for a in order] == sorted(a.trial.seed for a in trials)


def test_varied_trial_is_trained_with_the_seeds_of_its_stream() -> None:
    trials = [make_assignment(1, seed) for seed in range(3)]
    first, *_ = trials
    stream = Trial.model_validate({**first.trial.model_dump(), "streams": {"init": 1}})
    varied = Assignment(stream, first.trained_for)
    seconds = {a.trial.key: 1.0 for a in [*trials, varied]}
    order = [a.trial.last_seed for a in order_on(1, [varied, *trials], seconds)]
    assert order == [0, 1, 1, 2]
