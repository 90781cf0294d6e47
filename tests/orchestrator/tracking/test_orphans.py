from collections.abc import Mapping
from types import MappingProxyType

import pytest

from orchestrator.storage.driver import host_of, this_driver
from orchestrator.tracking.client import Run
from orchestrator.tracking.orphans import HEARTBEAT, STALE_S, is_orphan, read_heartbeats

NOW_S = 10_000.0
ELSEWHERE = "elsewhere-1:12:34"


def run_by(
    driver: str,
    beats: Mapping[str, str] = MappingProxyType({}),
    *,
    started_s: float = 0.0,
    status: str = "RUNNING",
) -> Run:
    return Run("id", status, started_s, {"driver": driver, "key": "key", **beats}, {})


def is_left(run: Run, *others: Run) -> bool:
    return is_orphan(run, read_heartbeats([run, *others]), NOW_S)


def test_run_of_a_process_that_is_no_more_is_an_orphan() -> None:
    host = host_of(this_driver())
    assert is_left(run_by(f"{host}:999999999:1", started_s=NOW_S))


def test_own_run_is_none_however_old_its_heartbeat() -> None:
    assert not is_left(run_by(this_driver()))


@pytest.mark.parametrize(("age_s", "is_dead"), [(STALE_S, False), (STALE_S + 1, True)])
def test_driver_elsewhere_is_dead_once_its_heartbeat_is_stale(age_s: float, is_dead: bool) -> None:
    parent = run_by("another", {HEARTBEAT + ELSEWHERE: f"{NOW_S - age_s:.0f}"})
    assert is_left(run_by(ELSEWHERE), parent) == is_dead


def test_driver_elsewhere_that_just_began_is_alive() -> None:
    assert not is_left(run_by(ELSEWHERE, started_s=NOW_S - 1))


def test_study_of_two_drivers_is_left_only_when_both_are_dead() -> None:
    beats = {HEARTBEAT + ELSEWHERE: f"{NOW_S - 1:.0f}"}
    assert not is_left(run_by("gone-1:1:1", beats))
    assert is_left(run_by("gone-1:1:1", {HEARTBEAT + ELSEWHERE: "1"}))


def test_ended_run_is_no_orphan() -> None:
    assert not is_left(run_by("gone-1:1:1", status="KILLED"))
