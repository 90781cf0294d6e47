"""Which runs were left running: a driver here is known by its process, elsewhere by heartbeats."""

from collections.abc import Iterable, Mapping

from orchestrator.storage.driver import is_dead_here, this_driver
from orchestrator.tracking.client import Run

DRIVER = "driver"
"""The tag of a run that names the driver that works on it."""

HEARTBEAT = "heartbeat/"
"""With the driver's name, the tag of a parent run that holds when it was there, in s since 1970."""

BEAT_S, STALE_S = 30.0, 600.0
"""How often a heartbeat is told, and how old the last one of a dead driver is: clocks may differ by
minutes between machines, and a mirror may be held up."""


def read_heartbeats(runs: Iterable[Run]) -> dict[str, float]:
    """Return when each driver was last there, in s since 1970 by its own clock."""
    newest: dict[str, float] = {}
    for run in runs:
        seen = {name: float(when) for name, when in run.tags.items() if name.startswith(HEARTBEAT)}
        seen[HEARTBEAT + run.tags.get(DRIVER, "")] = run.started_s
        for name, when in seen.items():
            driver = name.removeprefix(HEARTBEAT)
            newest[driver] = max(when, newest.get(driver, 0.0))
    return newest


def is_alive(driver: str, heartbeats: Mapping[str, float], now_s: float) -> bool:
    """Whether a driver is at work, as far as can be known here."""
    if _host_of(driver) == _host_of(this_driver()):
        return not is_dead_here(driver)
    return now_s - heartbeats.get(driver, 0.0) <= STALE_S


def is_orphan(run: Run, heartbeats: Mapping[str, float], now_s: float) -> bool:
    """Whether a run is left running, and no driver that was seen at it is alive."""
    if run.status != "RUNNING":
        return False
    drivers = {name.removeprefix(HEARTBEAT) for name in run.tags if name.startswith(HEARTBEAT)}
    return not any(
        is_alive(driver, heartbeats, now_s) for driver in {run.tags.get(DRIVER, ""), *drivers}
    )


def _host_of(driver: str) -> str:
    return driver.rsplit("/", 2)[0]
