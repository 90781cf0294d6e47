import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from orchestrator import measured_sweep
from orchestrator.errors import FitError
from orchestrator.machines import THIS_MACHINE
from orchestrator.packing import Capacity, Share
from orchestrator.trial_supply import Assignment
from reports.probe import architecture_of
from tests.orchestrator.probe_factory import make_assignment, make_probe

SECONDS = {1: 10.0, 3: 30.0}
"""What trials take, by the depth of their fusion; each takes 900 MiB."""


@pytest.fixture
def plan_sweep(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plan as if trials had been measured, on a machine of two cores and so much memory."""

    def plan(assignments: list[Assignment], memory_mib: float) -> tuple[list[Assignment], str]:
        probes = {
            architecture_of(a.trial): make_probe(
                a.trial, SECONDS[a.trial.config.model.model_dump()["fusion"]["depth"]]
            )
            for a in assignments
        }
        capacity = Capacity(on_gpu=False, num_devices=1, memory_mib=memory_mib, num_cores=2)
        monkeypatch.setattr(measured_sweep, "measure", lambda *_, **__: probes)
        monkeypatch.setattr(measured_sweep, "find_capacity", lambda *_: capacity)
        session = SimpleNamespace(machines=THIS_MACHINE)
        console = Console(file=io.StringIO(), width=80)
        planned = measured_sweep.plan_sweep(cast(Any, session), assignments, None, console)
        return planned, cast(io.StringIO, console.file).getvalue()

    return plan


ASSIGNMENTS = [make_assignment(depth, seed) for seed in (0, 1) for depth in (1, 3)]


@pytest.mark.parametrize(("memory_mib", "num_at_once"), [(4000.0, 2), (2000.0, 1)])
def test_trials_get_their_share_and_their_place(
    plan_sweep: Any, memory_mib: float, num_at_once: int
) -> None:
    planned, printed = plan_sweep(ASSIGNMENTS, memory_mib)
    assert {one.share for one in planned} == {Share(num_at_once, memory_mib / num_at_once)}
    assert [(one.trial.seed, one.trained_for.row) for one in planned] == [
        (0, "deep"),
        (0, "shallow"),
        (1, "deep"),
        (1, "shallow"),
    ]
    assert "wall time: about" in printed


def test_study_that_cannot_fit_is_refused_by_its_rows(plan_sweep: Any) -> None:
    with pytest.raises(FitError, match=r"study 'small', row 'shallow': needs 990 MiB"):
        plan_sweep(ASSIGNMENTS, 800.0)
