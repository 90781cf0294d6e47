"""A bench for queues of trials that nobody trains: storage, records and a clock of the test."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.cluster.assignment import Assignment
from orchestrator.storage.leases import Leases
from orchestrator.storage.objects import FolderStore
from orchestrator.sweep.queue import LOOK_S, TrialQueue
from orchestrator.sweep.supply import Loss
from orchestrator.trial.watcher import Watcher
from reports.ledger.record import Epoch, Record

LOST = Loss("the node died", is_out_of_memory=False)


class Bench:
    """What is around the queue of a driver.

    Reading a record raises `problem`, if there is one. Several drivers may share `records`.
    """

    def __init__(
        self, folder: Path, *, driver: str = "a:1:1", records: dict[str, Record] | None = None
    ) -> None:
        self.records: dict[str, Record] = {} if records is None else records
        self.problem: Exception | None = None
        self.num_finds = 0
        self.now = 0.0
        self.store = FolderStore(folder)
        self.leases = Leases(self.store, driver=driver, clock=self.clock)

    def queue_of(self, *assignments: Assignment, watchers: Sequence[Watcher] = ()) -> TrialQueue:
        return TrialQueue(
            assignments,
            find_record=self.find,
            leases=self.leases,
            watchers=watchers,
            clock=self.clock,
        )

    def find(self, key: str) -> Record | None:
        self.num_finds += 1
        if self.problem is not None:
            raise self.problem
        return self.records.get(key)

    def clock(self) -> float:
        return self.now

    def wait(self) -> None:
        """Let the time pass until the queue looks at the trials of others again."""
        self.now += LOOK_S


def epoch(number: int, f1: float = 0.5) -> Epoch:
    return Epoch(epoch=number, train_loss=1.0, valid_loss=1.0, valid={"f1": f1})
