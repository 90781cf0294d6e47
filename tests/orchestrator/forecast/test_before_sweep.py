import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.machines import MAX_REQUESTED, THIS_MACHINE, Machines
from orchestrator.cluster.packing import Capacity
from orchestrator.cluster.session import TrainingSession
from orchestrator.errors import FitError
from orchestrator.forecast import before_sweep
from orchestrator.forecast.prices import Prices
from reports.ledger.probe import Probe, architecture_of
from search_spaces.trial import Trial
from tests.orchestrator.probe_factory import depth_of, make_assignment, make_probe

SECONDS = {1: 10.0, 3: 30.0}
"""What trials take, by the depth of their fusion; each takes 900 MiB."""


@pytest.fixture
def plan_sweep(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plan as if trials had been measured, on a machine of two cores and so much memory."""

    monkeypatch.setattr(before_sweep, "list_nodes", list)

    def plan(
        assignments: list[Assignment],
        memory_mib: float,
        *,
        machines: Machines = THIS_MACHINE,
        num_cores: int = 2,
        on_gpu: bool = False,
        prices: Prices | None = None,
    ) -> tuple[before_sweep.SweepPlan, str]:
        probes = {
            architecture_of(a.trial): make_probe(
                a.trial, SECONDS[a.trial.config.model.model_dump()["fusion"]["depth"]]
            )
            for a in assignments
        }
        capacity = Capacity(
            on_gpu=on_gpu,
            num_devices=1,
            memory_mib=memory_mib,
            num_cores=num_cores,
            host_memory_mib=memory_mib,
        )
        monkeypatch.setattr(before_sweep, "measure", lambda *_, **__: probes)
        monkeypatch.setattr(before_sweep, "find_capacity", lambda *_: capacity)
        session = SimpleNamespace(machines=machines)
        console = Console(file=io.StringIO(), width=80)
        planned = before_sweep.plan_sweep(cast(Any, session), assignments, prices, console)
        return planned, cast(io.StringIO, console.file).getvalue()

    return plan


ASSIGNMENTS = [make_assignment(depth, seed) for seed in (0, 1) for depth in (1, 3)]


@pytest.mark.parametrize(("memory_mib", "num_at_once"), [(4000.0, 2), (2000.0, 1)])
def test_trials_get_their_share_and_their_place(
    plan_sweep: Any, memory_mib: float, num_at_once: int
) -> None:
    planned, printed = plan_sweep(ASSIGNMENTS, memory_mib)
    assert {one.share for one in planned.order} == {Share(num_at_once, memory_mib / num_at_once)}
    assert [(one.trial.seed, one.trained_for.row) for one in planned.order] == [
        (0, "deep"),
        (0, "shallow"),
        (1, "deep"),
        (1, "shallow"),
    ]
    assert "wall time: about" in printed
    # Twice 10 s and 30 s, side by side or in a row; starting takes some seconds more.
    assert planned.wall_s == pytest.approx({1: 88.9, 2: 48.7}[num_at_once], abs=0.5)


def test_study_that_cannot_fit_is_refused_by_its_rows(plan_sweep: Any) -> None:
    with pytest.raises(FitError, match=r"study 'small', row 'shallow': needs 990 MiB"):
        plan_sweep(ASSIGNMENTS, 800.0)


@pytest.mark.parametrize(
    ("machines", "num_slots"),
    [(Machines("auto"), MAX_REQUESTED), (Machines("auto", num_slots=80), 80), (THIS_MACHINE, 300)],
)
def test_forecast_has_as_many_at_once_as_a_cluster_is_asked_for(
    plan_sweep: Any, machines: Machines, num_slots: int
) -> None:
    trials = [make_assignment(1, seed) for seed in range(300)]
    _, printed = plan_sweep(trials, 1e6, machines=machines, num_cores=400)
    assert f"300 trials, {num_slots} at once on 400 cores" in " ".join(printed.split())


def test_each_kind_of_gpu_is_measured_and_trials_are_bound_to_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a T4 only the shallow trials fit; they take twice as long there."""

    def measure_on(there: TrainingSession, trials: list[Trial], **_: Any) -> dict[str, Probe]:
        asked.append(there.machines.gpu_kind)
        on_t4 = there.machines.gpu_kind == "T4"
        probes = {}
        for trial in trials:
            depth = depth_of(trial)
            probe = make_probe(trial, SECONDS[depth] * (1 + on_t4), gpu_memory_mib=9000.0 * depth)
            update = {"device_memory_mib": 16_000.0 if on_t4 else 40_000.0}
            probes[probe.architecture] = probe.model_copy(update=update)
        return probes

    asked: list[str | None] = []
    nodes = [
        {"Alive": True, "Resources": {"CPU": 8, "GPU": 1, "memory": 2**36, accelerator: 1}}
        for accelerator in ("accelerator_type:T4", "accelerator_type:A100")
    ]
    monkeypatch.setattr(before_sweep, "measure", measure_on)
    monkeypatch.setattr(before_sweep, "list_nodes", lambda: nodes)
    monkeypatch.setattr("ray.nodes", lambda: nodes)
    session = TrainingSession(tmp_path, Machines("auto"), cast(Any, None), cast(Any, None))
    console = Console(file=io.StringIO(), width=200)
    planned = before_sweep.plan_sweep(session, ASSIGNMENTS, None, console)
    assert asked == ["A100", "T4"]
    assert {one.trained_for.row: one.share for one in planned.order} == {
        "deep": Share(1, 40_000.0, "A100"),
        "shallow": Share(1, 16_000.0, "T4"),
    }
    printed = cast(io.StringIO, console.file).getvalue()
    assert "1 GPU (A100): about" in printed
    assert "1 GPU (T4): about" in printed
    slow_t4 = [a for a in ASSIGNMENTS if a.trained_for.row == "deep"]
    before_sweep.plan_sweep(session, slow_t4, None, console)
    printed = cast(io.StringIO, console.file).getvalue()
    assert "no trial uses T4: its memory is too small, or other GPUs are faster" in printed


def test_gpu_of_a_machine_that_has_four_costs_a_fourth(
    plan_sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [{"Alive": True, "Resources": {"CPU": 48.0, "GPU": 4.0}}]
    monkeypatch.setattr(before_sweep, "list_nodes", lambda: workers)
    prices = Prices(Path("own.yaml"), head=0, worker=3600, num_gpus=None, idle_h=0)
    _, printed = plan_sweep(ASSIGNMENTS[:1], 1000.0, on_gpu=True, prices=prices)
    # $ 0.25 a second; 8.5 s to start, 10 s and 0.1 s.
    assert "$4.65 by 'own.yaml'" in " ".join(printed.split())
