from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.cluster.assignment import Share
from orchestrator.cluster.packing import Capacity
from orchestrator.forecast.forecast import Forecast, make_forecast
from orchestrator.forecast.prices import Prices
from orchestrator.forecast.view import (
    MAX_KINDS,
    forecast_view,
    forecasts_view,
    say_duration,
)
from tests.orchestrator.probe_factory import depth_of, make_assignment, make_probe

CORES = Capacity(on_gpu=False, num_devices=1, memory_mib=8000, num_cores=2)
GPUS = Capacity(on_gpu=True, num_devices=4, memory_mib=24000, num_cores=4)
PRICES = Prices(Path("cluster.yaml"), head=1, worker=2, num_gpus=1, idle_h=1 / 6)


def lines_of(
    capacity: Capacity,
    *,
    num_rows: int = 2,
    num_seeds: int = 2,
    num_at_once: int = 2,
    prices: Prices | None = None,
    patience: int | None = None,
    cpu_share: float | None = None,
) -> list[str]:
    """Print what trials take that differ in the depth of their fusion; depth n takes 10 n s."""
    trials = [
        make_assignment(1 + 2 * row, seed, patience=patience)
        for row in range(num_rows)
        for seed in range(num_seeds)
    ]
    probes = [
        make_probe(
            trial,
            10.0 * depth_of(trial),
            gpu_memory_mib=2048.0 if capacity.on_gpu else None,
            device="an L4" if capacity.on_gpu else "a CPU",
        ).model_copy(update={"cpu_share": cpu_share})
        for trial, *_ in trials
    ]
    shares = {a.trial.key: Share(num_at_once, 4000) for a in trials}
    forecast = make_forecast(trials, {p.architecture: p for p in probes}, shares, capacity)
    console = Console(width=80, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(forecast_view(forecast, prices))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_forecast_on_cores_is_shown_with_its_path_and_basis() -> None:
    # 8.5 s to start; then on one core 30 and 10 s, on the other 10 and 30 s.
    assert lines_of(CORES) == [
        "trials like    trials  s a step  MiB  a trial  at once",
        "small/deep          2       1.4  900     30 s        2",
        "small/shallow       2       0.4  900     10 s        2",
        "wall time: about 49 s; 4 trials, 2 at once on 2 cores, slots busy 83%",
        "critical path: 2 trials in a row; on any number of slots at least 39 s, for",
        "'small/deep'",
        "core-hours: 0.022",
        "measured: 2 architectures on a CPU",
    ]


@pytest.mark.parametrize(("cpu_share", "is_told"), [(0.5, True), (0.97, False)])
def test_measuring_beside_other_programs_is_told(cpu_share: float, is_told: bool) -> None:
    text = " ".join(lines_of(CORES, cpu_share=cpu_share))
    assert ("2 of them beside other programs" in text) is is_told


def test_range_and_dollars_are_shown_on_gpus() -> None:
    text = " ".join(lines_of(GPUS, num_seeds=8, num_at_once=4, prices=PRICES))
    assert "small/deep 8 1.4 2,048 30 s 4" in " ".join(text.split())
    assert "wall time: about 39 s to 1 min 40 s; 16 trials, 16 at once on 4 GPUs" in text
    assert "trials that share a GPU do not slow each other, or they take turns" in text
    # Held: 4 x 38.5 to 4 x 88.5 s or so, idle: 4 x 10 min, at 2 $ an hour; the head at 1 $.
    assert "GPU-hours: 0.043 to 0.099; $1.43 to $1.56 by 'cluster.yaml'" in text


def forecast_on(gpu_kind: str, num_gpus: int, depth: int, num_at_once: int) -> Forecast:
    """Forecast four trials of a depth on GPUs of a kind."""
    share = Share(num_at_once, 4000, gpu_kind)
    trials = [make_assignment(depth, seed)._replace(share=share) for seed in range(4)]
    probe = make_probe(
        trials[0].trial, 10.0 * depth, gpu_memory_mib=2048, device=f"NVIDIA {gpu_kind}"
    )
    return make_forecast(
        trials,
        {probe.architecture: probe},
        {a.trial.key: share for a in trials},
        GPUS._replace(num_devices=num_gpus, gpu_kind=gpu_kind),
    )


def print_kinds(*prices: Prices | None) -> list[str]:
    forecasts = [forecast_on("A100", 2, 3, 2), forecast_on("T4", 1, 1, 1)]
    console = Console(width=80, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(forecasts_view(forecasts, prices))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_each_kind_of_gpu_has_a_line_and_all_have_one() -> None:
    # Four deep trials on two A100: 8.5 + 30 s, or in turns 8.5 + 60; four others on a T4: 8.5 + 40.
    assert print_kinds(PRICES, replace(PRICES, worker=1)) == [
        "trials like    trials  s a step    MiB  a trial  at once  on",
        "small/deep          4       1.4  2,048     30 s        2  A100",
        "small/shallow       4       0.4  2,048     10 s        1  T4",
        "2 GPUs (A100): about 39 s to 1 min 10 s; 4 trials, 4 at once, slots busy 78%;",
        "GPU-hours: 0.021 to 0.038; $0.71 to $0.74",
        "1 GPU (T4): about 49 s; 4 trials, 1 at once, slots busy 83%; GPU-hours: 0.014;",
        "$0.18",
        "wall time: about 49 s to 1 min 10 s; 8 trials, 5 at once on 3 GPUs; GPU-hours:",
        "0.035 to 0.052; $0.90 to $0.94 by 'cluster.yaml', with the head and 10 min in",
        "which idle workers wait",
        "the range: trials that share a GPU do not slow each other, or they take turns",
        "critical path: 4 trials in a row on T4",
        "measured: 2 architectures on NVIDIA A100, NVIDIA T4",
    ]


def test_kinds_of_gpu_without_prices_are_told() -> None:
    text = " ".join(print_kinds(None, None))
    assert "GPU-hours: 0.014 wall time:" in text
    assert "GPU-hours: 0.035 to 0.052; no prices: docs/plan.md says where to write them" in text


def test_number_of_gpus_of_a_kind_that_is_assumed_is_told_once() -> None:
    text = " ".join(print_kinds(PRICES, replace(PRICES, num_gpus=None)))
    assert text.count("'cluster.yaml' names no GPUs: assumes one for each worker") == 1


def test_number_of_gpus_that_is_assumed_is_told() -> None:
    unsaid = replace(PRICES, num_gpus=None)
    said = " ".join(lines_of(GPUS, prices=unsaid))
    assert "'cluster.yaml' names no GPUs: assumes one for each worker" in said
    assert "assumed" not in " ".join(lines_of(GPUS, prices=PRICES))
    assert "assumed" not in " ".join(lines_of(CORES, prices=unsaid))


def test_gpus_without_prices_are_told() -> None:
    assert "no prices: docs/plan.md says where to write them" in " ".join(lines_of(GPUS))
    assert "prices" not in " ".join(lines_of(CORES))


def test_trials_that_may_stop_early_make_it_an_upper_bound() -> None:
    text = " ".join(lines_of(CORES, patience=1))
    assert "measured: 2 architectures on a CPU; at most: 4 trials may stop early" in text


def test_many_architectures_fit_on_a_screen() -> None:
    shown = lines_of(GPUS, num_rows=40, num_at_once=3, prices=PRICES)
    assert len(shown) <= 16
    assert max(map(len, shown)) <= 80
    assert shown[MAX_KINDS].split() == ["34", "other", "kinds", "68", "to", "11", "min", "10", "s"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.26, "0.3 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (199, "3 min 20 s"),
        (3594, "59 min 50 s"),
        (3596, "1 h"),
        (7830, "2 h 10 min"),
        (3600 * 76, "3 d 4 h"),
    ],
)
def test_durations_are_said_to_two_units(seconds: float, said: str) -> None:
    assert say_duration(seconds) == said
