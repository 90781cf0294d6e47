"""Who works in a storage now: drivers, and the trials that they hold."""

import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.storage.driver import host_of, this_driver
from orchestrator.storage.leases import Leases
from orchestrator.storage.objects import store_of
from reports.ledger.ledger import LOCK_FILE, Ledger
from reports.ledger.locks import locked_if_free


class AtWork:
    """Tells what drivers and trainings use. It is careful: who may be alive counts as alive.

    A driver of another machine counts as dead if it was silent for the length of a lease, from the
    first question on.
    """

    def __init__(self, storage: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = Ledger(storage)
        self._leases = Leases(store_of(storage), clock=clock)

    def drivers(self) -> list[str]:
        """Name the drivers that are alive, or may be.

        Raises:
            OSError: While the storage cannot be reached.
        """
        return self._leases.living()

    def has_trial(self, key: str) -> bool:
        """Whether a driver holds a trial, or a process of this machine trains it.

        Raises:
            OSError: While the storage cannot be reached.
        """
        if not self._leases.is_free(key):
            return True
        lock = self._ledger.folder(key) / LOCK_FILE
        if not lock.is_file():
            return False
        with locked_if_free(lock) as is_free:
            return not is_free

    def is_told_by_waiting(self) -> bool:
        """Whether what seems in use may be a dead driver's: `LEASE_S` later, silence tells.

        Raises:
            OSError: While the storage cannot be reached.
        """
        here = host_of(this_driver())
        return not any(host_of(driver) == here for driver in self.drivers())
