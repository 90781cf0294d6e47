"""The drivers of a storage: those that train, those that start, and those that show no life."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orchestrator.facts import Facts
from orchestrator.live.publish import read_states
from orchestrator.live.state import SweepState
from orchestrator.storage.driver import host_of, is_dead_here, is_driver, this_driver
from orchestrator.storage.leases import DRIVERS, LEASE_S
from orchestrator.storage.mirror import mirror_at
from orchestrator.storage.objects import store_of


class SilentDriver(Facts):
    """A driver that shows no life, and did not say that it ended."""

    driver: str
    """The driver: host, process and start."""

    seen_at: str | None
    """When it showed life last, in UTC, ISO 8601; null if that is not known."""

    is_dead: bool
    """Whether it is known to have ended, because it was a process of this machine."""


class Drivers(NamedTuple):
    """The sweeps that train, and by name the drivers that start, and those that show no life."""

    sweeps: tuple[SweepState, ...]
    starting: tuple[str, ...]
    silent: tuple[SilentDriver, ...]


def look_at_drivers(storage: Path, now: datetime | None = None) -> Drivers:
    """Tell who drives sweeps in a storage.

    A driver of this machine is dead if its process has ended. One of another machine is silent if
    its files have not changed for the length of a lease, by the clocks of both machines.

    Args:
        storage: The storage folder, or the mirror of a bucket.
        now: The time that ages are counted from; by default, now.

    Raises:
        OSError: If the storage cannot be reached.
    """
    now, store = now or datetime.now(UTC), store_of(storage)
    states = {state.driver: state for state in read_states(store) if is_driver(state.driver)}
    names = (name.removeprefix(f"{DRIVERS}/") for name in store.names(DRIVERS))
    sweeps, starting, silent = [], [], []
    for driver in sorted({*states, *filter(is_driver, names)}):
        state = states.get(driver)
        seen = _beat_at(storage, driver)
        if state is not None:
            seen = datetime.fromisoformat(state.updated_at)
        is_old = seen is not None and (now - seen).total_seconds() > LEASE_S
        is_here = host_of(driver) == host_of(this_driver())
        if is_dead_here(driver) or (is_old and not is_here):
            seen_at = None if seen is None else seen.isoformat(timespec="seconds")
            silent.append(
                SilentDriver(driver=driver, seen_at=seen_at, is_dead=is_dead_here(driver))
            )
        elif state is not None:
            sweeps.append(state)
        else:
            starting.append(driver)
    return Drivers(tuple(sweeps), tuple(starting), tuple(silent))


def _beat_at(storage: Path, driver: str) -> datetime | None:
    """Return when a driver's counter changed last; None if that is in a bucket, or gone."""
    if mirror_at(storage) is not None:
        return None
    try:
        changed = (storage / DRIVERS / driver).stat().st_mtime
    except FileNotFoundError:
        return None
    return datetime.fromtimestamp(changed, UTC)
