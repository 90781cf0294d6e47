import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from orchestrator.candidates import plan as planning
from orchestrator.candidates.plan import plan_search
from orchestrator.candidates.shares import CandidateShares
from orchestrator.candidates.work import SearchWork
from orchestrator.cluster.assignment import Share
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.session import TrainingSession
from orchestrator.errors import FitError, ProbeError, TooLargeError
from reports.ledger.probe import Probe, architecture_of
from tests.orchestrator.candidates.factories import CAPACITY, draw, sample

FIRST = [draw(depth) for depth in (1, 2, 4)]
FITS = {one.probe.architecture: one.probe for one in (sample(d, 1500.0, 10.0) for d in (1, 2, 4))}

Outcomes = Mapping[str, Probe | Exception]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plan a search of 20 candidates as if its first ones had been measured."""

    def run(
        outcomes: Outcomes, *, kinds: tuple[str, ...] = (), memory_mib: float = 8000.0
    ) -> tuple[CandidateShares | None, str]:
        asked: list[int] = []
        nodes = [{"Alive": True, "Resources": {"CPU": 4, "GPU": 1, kind: 1}} for kind in kinds]
        capacity = CAPACITY._replace(memory_mib=memory_mib)
        monkeypatch.setattr(planning, "list_nodes", lambda: nodes)
        monkeypatch.setattr(planning, "find_capacity", lambda *_: capacity)

        def measure_each(_session: Any, _trials: Any, num_trials: int, **_: Any) -> Outcomes:
            asked.append(num_trials)
            return outcomes

        monkeypatch.setattr(planning, "measure_each", measure_each)
        missing = [draw(depth, rate=0.01) for depth in (1, 2, 3)]
        console = Console(file=io.StringIO(), width=200)
        session = TrainingSession(tmp_path, Machines(), cast(Any, None), cast(Any, None))
        work = SearchWork(FIRST, missing, 20, stops_early=True)
        shares = plan_search(session, work, None, console)
        assert asked == ([] if kinds else [20])
        return shares, cast(io.StringIO, console.file).getvalue()

    return run


def test_candidates_are_packed_and_forecast(plan: Any) -> None:
    shares, printed = plan(FITS)
    assert shares.share_of(draw(1)) == Share(4, 2000.0)
    assert shares.share_of(draw(3)) == Share(4, 2000.0)
    assert "3 candidates, drawn at random" in printed
    assert "measured: 2 architectures on a CPU; 1 candidate estimated from them" in printed


def test_candidate_that_cannot_be_measured_is_told_and_estimated(plan: Any) -> None:
    fault = {architecture_of(FIRST[2].trial): ValueError("no such layer")}
    shares, printed = plan(FITS | fault)
    assert f"not measured: trial {FIRST[2].trial.key}: ValueError: no such layer" in printed
    assert not shares.is_measured(FIRST[2].trial)
    assert shares.share_of(FIRST[2]) == Share(4, 2000.0)


def test_search_of_which_nothing_fits_is_refused(plan: Any) -> None:
    """Whether it was measured to be too large, or ran out of memory alone."""
    unfit = {architecture_of(FIRST[2].trial): TooLargeError("x")}
    told = r"no measured candidate fits\n(.*needs 1,650 MiB.*\n){2}.*ran out of memory.*alone"
    with pytest.raises(FitError, match=told):
        plan(FITS | unfit, memory_mib=1600.0)
    with pytest.raises(FitError, match="ran out of memory when they were measured alone"):
        plan({architecture_of(one.trial): TooLargeError("x") for one in FIRST})


def test_search_of_which_nothing_can_be_measured_says_why(plan: Any) -> None:
    faults = {architecture_of(one.trial): ValueError("no such layer") for one in FIRST}
    with pytest.raises(ProbeError, match=r"no candidate could be measured\n.*no such layer"):
        plan(faults)


def test_several_kinds_of_gpu_are_not_told_apart(plan: Any) -> None:
    shares, printed = plan(FITS, kinds=("accelerator_type:T4", "accelerator_type:A100"))
    assert shares is None
    assert "several kinds of GPU: candidates are not measured" in printed
