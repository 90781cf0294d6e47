import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.noop_trial import NUM_EPOCHS, noop_epochs, write_noop
from benchmarks.sampler import Sampler
from benchmarks.scale import SweepCost, noop_study, show, show_ratio, sweep_ours
from orchestrator.sweep import tune
from orchestrator.tracking import mirror
from reports.ledger.ledger import Ledger
from tests.reports.factories import make_trial

COST = SweepCost(
    num_trials=100,
    load=1.0,
    plan_s=1.0,
    start_s=20.0,
    sweep_s=6.0,
    close_s=3.0,
    again_s=(0.2, 0.3),
    driver_cpu_s=4.0,
    others_cpu_s=1.0,
    memory_mib=(400.0, 401.0, 402.0),
    num_requests=600,
)


def printed(draw: object, *arguments: object) -> str:
    text = io.StringIO()
    assert callable(draw)
    draw(*arguments, Console(file=text, width=200))
    return text.getvalue()


def test_noop_study_has_as_many_trials_as_asked_for_each_another() -> None:
    configs = noop_study(1000).configs("synthetic", "tiny")
    assert len(configs) * len(noop_study(1000).seeds) == 1000
    assert len({config.model_dump_json() for config in configs.values()}) == len(configs)


def test_noop_trial_is_finished_for_the_ledger(tmp_path: Path) -> None:
    ledger, trial = Ledger(tmp_path), make_trial(seed=3)
    record = write_noop(ledger, trial)
    assert ledger.find(trial.key) == record
    assert record.result.epochs == noop_epochs(3)
    assert len(record.result.epochs) == NUM_EPOCHS
    assert set(ledger.predictions(record)) == {"valid", "test"}


def test_sampler_tells_the_memory_at_a_number_of_trials() -> None:
    sampler = Sampler()
    sampler.memory_mib = [(0, 10.0), (90, 11.0), (110, 12.0), (200, 13.0)]
    assert sampler.memory_of(200) == (12.0, 12.0, 13.0)
    assert sampler.memory_of(150) == (12.0, 11.0, 13.0)
    assert sampler.memory_of(20) == (11.0, 11.0, 11.0)


def test_cost_of_a_trial_leaves_out_the_start() -> None:
    lines = printed(show, {"100": [COST, replace(COST, sweep_s=8.0)]}).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    values = dict(rows)
    assert values["**ms of wall time a trial**"] == "110 (100 to 120)"
    assert values["- waiting for MLflow after it"] == "30 (30 to 30)"


def test_ratio_is_of_a_trial_in_the_largest_study_to_one_in_the_smallest() -> None:
    many = replace(COST, num_trials=1000, plan_s=10.0, sweep_s=100.0, close_s=10.0)
    text = printed(show_ratio, {1000: [many], 100: [COST]})
    assert "wall time a trial, 1,000 trials to 100: 1.20" in text
    assert "processor time a trial, 1,000 trials to 100: 0.10" in text


@pytest.mark.slow
def test_sweep_of_several_runs_of_tune_trains_each_trial_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tune, "MAX_TRIALS_A_RUN", 12)
    monkeypatch.setattr(mirror, "CLOSE_S", mirror.CLOSE_S)  # is put back after the benchmark
    cost = sweep_ours(20)  # raises if a trial has no record, or MLflow no run
    assert cost.num_trials == 20
    assert cost.num_requests >= 20 * 5
