"""A sweep on a storage of its own that is hit again and again, and started again."""

import random
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from benchmarks.trouble.laid_storage import Workplace
from benchmarks.trouble.shim import Shim
from benchmarks.trouble.sweeps.aftermath import Aftermath, Finished, contents, differing, runs_in
from benchmarks.trouble.sweeps.fault import Fault, Struck
from benchmarks.trouble.sweeps.real_sweep import (
    COMMAND,
    Sweep,
    Work,
    most_epochs_again,
    num_batches,
    started,
    wait_until,
)
from benchmarks.trouble.sweeps.slow_study import fresh, sweep_arguments
from reports.ledger.ledger import Ledger
from tests.mlflow_server import MlflowServer

MOMENT_S = 3.0
"""A fault comes so long after a batch was trained, at most: about what a trial takes."""

MOST_STARTS = 6
"""How often a command is run again until it is through."""


class Bench:
    """The sweep, what it writes to, and what came of it so far."""

    def __init__(
        self, place: Workplace, server: MlflowServer, rng: random.Random, shim: Shim | None = None
    ) -> None:
        self.storage = fresh(place)
        self.log = self.storage.with_name("log")
        self.server, self.rng, self.shim = server, rng, shim
        self._place = place
        self._work = Work(self.storage)
        self._finished = Finished.now(self.storage)
        self._exits: list[int] = []
        self._num_left = 0
        self._held = ExitStack()
        self.sweep = self.start()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def start(self, slots: int = 2) -> Sweep:
        """Start the command once more."""
        arguments = sweep_arguments(self._place, self.storage, self.server.uri, slots)
        preloaded = {} if self.shim is None else self.shim.environment(self.storage)
        return self._held.enter_context(started(arguments, self.log, preloaded))

    def end(self, sweep: Sweep) -> None:
        """Let a command end that was told to, and count what outlives it."""
        wait_until(lambda: sweep.has_ended)
        self._exits.append(sweep.process.returncode)
        self._num_left += len(sweep.end())

    def lost_by(self, keys: Sequence[str]) -> tuple[float, ...]:
        """Tell how many epochs of work the death of a process cost each trial without a record."""
        found = (self._work.lost_by(key) for key in keys)
        return tuple(lost for lost in found if lost is not None)

    @property
    def is_through(self) -> bool:
        """Whether the command came to its end."""
        return self.sweep.has_ended and self.sweep.process.returncode == 0

    def wait_for_moment(self) -> None:
        """Wait for a random moment of the training."""
        before = num_batches(self.storage)
        wait_until(lambda: num_batches(self.storage) > before or self.sweep.has_ended)
        time.sleep(self.rng.uniform(0, MOMENT_S))

    def hit(self, kind: str, strike: "Strike") -> Fault:
        """Do something to the sweep, and wait until it trains again or has ended."""
        self._finished = finished = Finished.now(self.storage)
        start = time.monotonic()
        struck = strike(self)
        before = num_batches(self.storage)
        wait_until(lambda: num_batches(self.storage) > before or self.sweep.has_ended)
        return Fault(
            kind=kind,
            struck=struck,
            lost=finished.lost(),
            repeated=finished.repeated(),
            recovery_s=time.monotonic() - start,
        )

    def aftermath(self, whole: Mapping[str, object]) -> Aftermath:
        """Run the command until it is through, deliver to MLflow, and look at what is there."""
        for _ in range(MOST_STARTS):
            wait_until(lambda: self.sweep.has_ended)
            if self.is_through:
                break
            self.end(self.sweep)
            self.sweep = self.start()
        self.end(self.sweep)
        sync = [str(COMMAND), "sync", "--storage", str(self.storage)]
        subprocess.run(sync, cwd=self._place.folder, check=True, capture_output=True)
        return Aftermath(
            num_trials=sum(1 for _ in Ledger(self.storage).records()),
            lost=self._finished.lost(),
            repeated=self._finished.repeated(),
            differing=differing(contents(self.storage), whole),
            runs=runs_in(self.server.uri, self.storage),
            most_epochs_again=most_epochs_again(self.storage),
            num_processes_left=self._num_left,
            num_tracebacks=self.log.read_text(errors="replace").count("Traceback (most recent"),
            exits=tuple(self._exits),
        )


Strike = Callable[[Bench], Struck]
