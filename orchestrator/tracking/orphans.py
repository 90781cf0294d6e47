"""Finds runs whose driver is dead: by its process on this machine, by heartbeats elsewhere."""

from collections.abc import Iterable, Mapping

from orchestrator.storage.driver import host_of, is_dead_here, this_driver
from orchestrator.tracking.client import Run

DRIVER = "driver"
"""The tag of a run with the name of the driver that works on it."""

HEARTBEAT = "heartbeat/"
"""The tag of a parent run with a driver's last heartbeat, in s since 1970; the name follows it."""

BEAT_S, STALE_S = 30.0, 600.0
"""How often a driver sends a heartbeat, and how old the last one of a dead driver is. The clocks of
machines may differ by minutes, and a mirror may be delayed."""


def read_heartbeats(runs: Iterable[Run]) -> dict[str, float]:
    """Return each driver's last heartbeat, in s since 1970 by its own clock."""
    newest: dict[str, float] = {}
    for run in runs:
        seen = {name: float(when) for name, when in run.tags.items() if name.startswith(HEARTBEAT)}
        seen[HEARTBEAT + run.tags.get(DRIVER, "")] = run.started_s
        for name, when in seen.items():
            driver = name.removeprefix(HEARTBEAT)
            newest[driver] = max(when, newest.get(driver, 0.0))
    return newest


def is_alive(driver: str, heartbeats: Mapping[str, float], now_s: float) -> bool:
    """Whether a driver is alive, as far as this machine can know."""
    if host_of(driver) == host_of(this_driver()):
        return not is_dead_here(driver)
    return now_s - heartbeats.get(driver, 0.0) <= STALE_S


def is_orphan(run: Run, heartbeats: Mapping[str, float], now_s: float) -> bool:
    """Whether a run has the status RUNNING, and no driver that worked on it is alive."""
    if run.status != "RUNNING":
        return False
    drivers = {name.removeprefix(HEARTBEAT) for name in run.tags if name.startswith(HEARTBEAT)}
    return not any(
        is_alive(driver, heartbeats, now_s) for driver in {run.tags.get(DRIVER, ""), *drivers}
    )
