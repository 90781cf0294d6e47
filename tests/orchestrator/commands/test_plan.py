from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from orchestrator.candidates import plan as search_plan
from orchestrator.candidates.work import SearchWork
from orchestrator.cluster import session as training_session
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import Machines
from orchestrator.commands import plan as plan_commands
from orchestrator.commands.options import Measuring
from orchestrator.forecast import before_sweep, prices
from orchestrator.terminal import console
from tests.orchestrator.factories import write_study_file

PRICED = (
    "head_node_type: head\navailable_node_types: {head: {}, gpu: {}}\n"
    "metadata: {dollars_an_hour: {head: 1, gpu: 2}}\n"
)


@pytest.fixture
def plan_own_study(storage: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Give `plan`, measuring, without machines: each sweep says how many trials it has."""

    @contextmanager
    def no_machines(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace()

    def count(_session: Any, assignments: list[Assignment], *_: Any, **__: Any) -> None:
        console.print(f"SWEEP of {len(assignments)}")

    monkeypatch.setattr(training_session, "training_session", no_machines)
    monkeypatch.setattr(before_sweep, "plan_sweep", count)
    file = storage.parent / "own.py"
    write_study_file(file, max_epochs=2)

    def run(*arguments: str) -> str:
        place = ("--corpus", "mine", "--storage", str(storage))
        outcome = CliRunner().invoke(
            plan_commands.plan, [str(file), *place, "--measure", *arguments], catch_exceptions=False
        )
        assert outcome.exit_code == 0
        return outcome.output

    return run


def test_plan_of_adaptive_seeds_forecasts_the_first_look_and_the_last(
    plan_own_study: Callable[..., str],
) -> None:
    one_seed = _sweeps(plan_own_study("--seeds", "1"))
    assert len(one_seed) == 1
    num_rows = int(one_seed[0].split()[-1])
    adaptive = plan_own_study("--seeds", "auto", "--max-seeds", "7")
    assert _sweeps(adaptive) == [
        "The first look, 3 seeds:",
        f"SWEEP of {3 * num_rows}",
        "At most, with 7 seeds of every row:",
        f"SWEEP of {7 * num_rows}",
    ]
    assert _sweeps(plan_own_study("--seeds", "auto", "--max-seeds", "3")) == [
        "The first look, 3 seeds:",
        f"SWEEP of {3 * num_rows}",
    ]


def _sweeps(printed: str) -> list[str]:
    """List what is said of sweeps, in its order."""
    starts = ("The first look", "At most, with", "SWEEP")
    return [line for line in printed.splitlines() if line.startswith(starts)]


def test_prices_are_those_of_a_cluster_that_is_joined_or_of_a_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ray_bootstrap_config.yaml"
    file.write_text(PRICED, encoding="utf-8")
    monkeypatch.setattr(prices, "HEAD_FILE", file)
    assert Measuring(True, False, None).prices(Machines()) is None
    assert Measuring(False, False, None).prices(Machines("auto")) is None
    for named, address in ((None, "auto"), (file, None), (file, "auto")):
        found = Measuring(True, False, named).prices(Machines(address))
        assert found is not None
        assert found.worker == 2


def test_prices_of_what_is_not_measured_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        click.UsageError, match="'--cluster-file' needs measurements to price; leave"
    ):
        Measuring(False, False, tmp_path)


@pytest.fixture
def plan_own_space(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SearchWork]:
    """Give `plan` of a search without machines, and return what it would measure and train."""

    @contextmanager
    def no_machines(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace()

    works: list[SearchWork] = []
    monkeypatch.setattr(training_session, "training_session", no_machines)
    monkeypatch.setattr(
        search_plan, "plan_search", lambda _session, work, *_, **__: works.append(work)
    )
    file = tmp_path / "space.py"
    file.write_text(
        "from search_spaces.space import LogRange, Space\n"
        "MINE = Space(name='mine', title='Mine', systems={'le': 'search_spaces.systems.le:LE'},\n"
        "    fields=(LogRange(path='training.learning_rate', low=1e-4, high=1e-2),))\n"
    )

    def run(*arguments: str) -> SearchWork:
        place = ("--corpus", "mine", "--storage", str(storage))
        outcome = CliRunner().invoke(
            plan_commands.plan, [str(file), *place, *arguments], standalone_mode=False
        )
        if outcome.exception is not None:
            raise outcome.exception
        return works.pop()

    return run


def test_search_is_planned_with_its_first_candidates(
    plan_own_space: Callable[..., SearchWork], storage: Path
) -> None:
    work = plan_own_space("--trials", "12", "--measure")
    assert (len(work.first), len(work.missing), work.num_candidates) == (10, 12, 12)
    assert list(work.first) == list(work.missing[:10])
    assert len({one.trial.key for one in work.missing}) == 12
    assert work.stops_early
    assert not plan_own_space("--trials", "2", "--measure", "--no-asha").stops_early
    assert not (storage / "searches").exists()


def test_search_that_cannot_be_planned_is_told(plan_own_space: Callable[..., SearchWork]) -> None:
    with pytest.raises(click.UsageError, match="not known without measuring; leave out"):
        plan_own_space("--trials", "2", "--no-measure")
    with pytest.raises(click.UsageError, match="plans the search of one space; name one"):
        plan_own_space("layers", "--trials", "2", "--measure")
    error = (
        CliRunner().invoke(plan_commands.plan, ["architecture"], standalone_mode=False).exception
    )
    assert isinstance(error, click.UsageError)
    assert error.message.startswith("'architecture' is a space; say how many candidates")
