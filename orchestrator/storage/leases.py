"""Leases on trials: shared files by which several drivers agree who trains which trial.

A trial's leases are `trials/<key>/lease-<n>`. The one with the highest n is valid: its content
names a driver, or says that the lease is released. A new lease is created and never overwritten, so
only one driver gets it.

A driver shows that it is alive by a counter in `drivers/<name>`. Another driver counts as dead if
it was a process of this machine and has ended, or if this driver saw its counter unchanged for the
length of a lease. This driver measures that with its own clock: nothing compares two clocks. The
counters of dead drivers are removed by those that are alive.

Two drivers may still train the same trial, if one counted as dead but was alive. The trial then has
one record all the same: a record, too, is created and never overwritten.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from orchestrator.storage.driver import is_dead_here, this_driver
from orchestrator.storage.objects import ObjectStore

LOG = logging.getLogger(__name__)

LEASE_S = 60.0
"""How long a driver's counter may stand still before others take over its trials."""

BEAT_S = 5.0
RELEASED = b"released"
LEASE_PREFIX = "lease-"
DRIVERS = "drivers"


class _Seen(NamedTuple):
    """A driver's counter, and the time of this driver's clock when it first saw that value."""

    beat: bytes | None
    since: float


class Leases:
    """The leases of this driver; while they are open, it shows that it is alive.

    If the store is unreachable, a lease cannot be released. Such a lease ends with its driver.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        driver: str | None = None,
        lease_s: float = LEASE_S,
        beat_s: float = BEAT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._driver = driver or this_driver()
        self._lease_s = lease_s
        self._beat_s = beat_s
        self._clock = clock
        self._held: dict[str, int] = {}
        self._seen: dict[str, _Seen] = {}
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def driver(self) -> str:
        """The name of this driver."""
        return self._driver

    def __enter__(self) -> "Leases":
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._heart.join(self._beat_s)
        with suppress(OSError):  # stop at the first error: each may take long
            for key in list(self._held):
                self._give_back(key)
            self._store.remove(_beat_name(self._driver))

    def take(self, key: str) -> bool:
        """Take the lease of a trial, unless a driver that is alive holds it.

        The caller must then look for the record again: another driver may just have written it.

        Raises:
            OSError: While the store cannot be reached.
        """
        own = self._driver.encode()
        with self._noting_absence():
            latest, holder = self._latest(key)
            if holder != own:  # ours already if an earlier call seemed to fail, or lost it
                latest += 1
                if not self._has_ended(holder) or not self._store.create(_name(key, latest), own):
                    return False
        self._held[key] = latest
        return True

    def is_free(self, key: str) -> bool:
        """Whether the lease of a trial could be taken.

        Raises:
            OSError: While the store cannot be reached.
        """
        with self._noting_absence():
            _, holder = self._latest(key)
            return holder == self._driver.encode() or self._has_ended(holder)

    def living(self) -> list[str]:
        """Name the drivers that show life, or may: a silent one is told from them only later.

        Raises:
            OSError: While the store cannot be reached.
        """
        with self._noting_absence():
            drivers = [name.removeprefix(f"{DRIVERS}/") for name in self._store.names(DRIVERS)]
            return [driver for driver in drivers if not self._is_dead(driver)]

    def release(self, key: str) -> None:
        """Give a trial that has no record back to all drivers."""
        with suppress(OSError):
            self._give_back(key)

    def drop(self, key: str) -> None:
        """Remove the leases of a trial that has its record."""
        with suppress(OSError):
            for generation in range(self._held.pop(key, 0), 0, -1):
                self._store.remove(_name(key, generation))

    def _give_back(self, key: str) -> None:
        generation = self._held.pop(key, None)
        if generation is not None:
            self._store.write(_name(key, generation), RELEASED)

    @contextmanager
    def _noting_absence(self) -> Iterator[None]:
        """Forget all counters if the store is unreachable: that time must not count as silence."""
        try:
            yield
        except OSError:
            self._seen.clear()
            raise

    def _latest(self, key: str) -> tuple[int, bytes | None]:
        """Return the number of the valid lease and its content; 0 if there never was one."""
        below = f"trials/{key}/{LEASE_PREFIX}"
        numbers = [
            int(name.removeprefix(below))
            for name in self._store.names(f"trials/{key}")
            if name.startswith(below) and name.removeprefix(below).isdecimal()
        ]
        latest = max(numbers, default=0)
        return latest, self._store.read(_name(key, latest)) if latest else RELEASED

    def _has_ended(self, holder: bytes | None) -> bool:
        """Whether a lease is released, or names no driver, or names one that is dead."""
        if holder is None or holder == RELEASED:
            return holder == RELEASED
        driver = holder.decode(errors="ignore")
        is_damaged = driver.encode() != holder or not driver or not driver.isprintable()
        return is_damaged or self._is_dead(driver)

    def _is_dead(self, driver: str) -> bool:
        if is_dead_here(driver):
            return True
        beat, now = self._store.read(_beat_name(driver)), self._clock()
        seen = self._seen.get(driver)
        if seen is None or seen.beat != beat:
            self._seen[driver] = _Seen(beat, now)
            return False
        return now - seen.since >= self._lease_s

    def _beat(self) -> None:
        count = 0
        while True:
            try:
                self._store.write(_beat_name(self._driver), str(count).encode())
                if count % max(1, math.ceil(self._lease_s / self._beat_s)) == 1:
                    self._remove_dead()
            except OSError as error:
                LOG.debug("this driver cannot show that it is alive: %s", error)
            except Exception:  # a bug of ours must not make others take over our trials
                LOG.exception("this driver cannot show that it is alive")
            count += 1
            if self._ended.wait(self._beat_s):
                return

    def _remove_dead(self) -> None:
        """Remove the counters of dead drivers; one that was alive after all writes its own anew."""
        try:
            with self._noting_absence():
                for name in self._store.names(DRIVERS):
                    driver = name.removeprefix(f"{DRIVERS}/")
                    if driver != self._driver and self._is_dead(driver):
                        self._store.remove(name)
                        self._store.remove(live_name(driver))
        except OSError as error:
            LOG.debug("counters of dead drivers stay: %s", error)


def _name(key: str, generation: int) -> str:
    return f"trials/{key}/{LEASE_PREFIX}{generation}"


def live_name(driver: str) -> str:
    """Name the file in which a driver says what it trains now."""
    return f"sweeps/{driver}.json"


def _beat_name(driver: str) -> str:
    return f"{DRIVERS}/{driver}"
