"""The real command in a process of its own, with Ray: what it trains, and how it is hit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import torch

from benchmarks.trouble.sweeps.slow_study import NUM_BATCHES, NUM_EPOCHS, TRACES
from reports.ledger.ledger import CHECKPOINT_FILE, LOCK_FILE, Ledger

COMMAND = Path(sys.executable).with_name("mmer-sweep")
LIMIT_S = 1200.0
END_S = 60.0
"""How long processes may take to end by themselves."""


def restore_interrupts() -> None:
    """Let Ctrl-C reach this process: a shell lets what it starts behind it ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Sweep:
    """A command that trains; it is the first of a group of processes, as a terminal starts it."""

    def __init__(self, arguments: Sequence[object], log: Path, environment: Mapping[str, str]):
        with log.open("ab") as opened:
            self.process = subprocess.Popen(
                [COMMAND, *map(str, arguments)],
                cwd=log.parent,
                env=os.environ | environment,
                stdout=opened,
                stderr=opened,
                start_new_session=True,
                preexec_fn=restore_interrupts,
            )
        self._driver = psutil.Process(self.process.pid)
        self._seen: set[psutil.Process] = set()

    @property
    def has_ended(self) -> bool:
        """Whether the driver has ended."""
        return self.process.poll() is not None

    def family(self) -> list[psutil.Process]:
        """Return the processes that the driver started, also those that it left."""
        with suppress(psutil.NoSuchProcess):
            self._seen |= set(self._driver.children(recursive=True))
        return [one for one in self._seen if one.is_running()]

    def named(self, name: str) -> list[psutil.Process]:
        """Return its processes of a name, such as `raylet`."""
        return [one for one in self.family() if _name_of(one) == name]

    def trainers(self) -> dict[psutil.Process, str]:
        """Return the workers that train, with the key of the trial that each holds the lock of."""
        found: dict[psutil.Process, str] = {}
        for one in self.family():
            if _name_of(one).startswith("ray::"):
                with suppress(psutil.Error):
                    opened = (Path(file.path) for file in one.open_files())
                    found.update((one, path.parent.name) for path in opened if _is_lock(path))
        return found

    def kill(self, signum: signal.Signals) -> None:
        """Send a signal to the driver; Ctrl-C goes to the whole group, as of a terminal."""
        self.family()
        if self.has_ended:
            return
        if signum == signal.SIGINT:
            os.killpg(self.process.pid, signum)
        else:
            self.process.send_signal(signum)

    def end(self) -> list[psutil.Process]:
        """Wait for the driver and all that it started; end what outlives it, and return that."""
        if not self.has_ended:
            self.kill(signal.SIGKILL)
        self.process.wait(END_S)
        _, alive = psutil.wait_procs(self.family(), timeout=END_S)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return alive


@contextmanager
def started(
    arguments: Sequence[object], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Sweep]:
    """Start the command; nothing of it is left afterwards."""
    sweep = Sweep(arguments, log, environment or {})
    try:
        yield sweep
    finally:
        sweep.end()


def wait_until(is_so: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"it did not happen within {limit_s:.0f} s")
        time.sleep(0.05)


def attempts(storage: Path) -> dict[str, list[int]]:
    """Count the batches that were trained, of each training of each trial, by key."""
    folder = storage.with_name(TRACES)
    return {
        file.name: [len(line) for line in file.read_bytes().splitlines() if line]
        for file in folder.iterdir()
    }


def num_batches(storage: Path) -> int:
    """Count the batches that were trained so far."""
    return sum(map(sum, attempts(storage).values()))


def most_epochs_again(storage: Path) -> float:
    """Return the epochs trained again a time that a trial began anew; of the worst trial."""
    again = [0.0]
    for of_key in attempts(storage).values():
        if len(of_key) > 1:
            again.append((sum(of_key) / NUM_BATCHES - NUM_EPOCHS) / (len(of_key) - 1))
    return max(again)


def safe_epochs(storage: Path, key: str) -> int:
    """Return how many epochs the checkpoint of a trial holds."""
    file = Ledger(storage).folder(key) / CHECKPOINT_FILE
    if not file.is_file():
        return 0
    content = torch.load(file, map_location="cpu", weights_only=True)
    return len(content["training"]["epochs"])


class Work:
    """How many epochs of work each death of a trial's process cost."""

    def __init__(self, storage: Path) -> None:
        self._storage = storage
        self._began_at: dict[str, dict[int, int]] = {}

    def lost_by(self, key: str) -> float | None:
        """Tell after a death, before the trial goes on; None if the trial has its record."""
        if Ledger(self._storage).find(key) is not None:
            return None
        of_key = attempts(self._storage).get(key, [])
        began_at = self._began_at.setdefault(key, {})
        safe = safe_epochs(self._storage, key)
        done = began_at.get(len(of_key) - 1, 0) * NUM_BATCHES + (of_key[-1] if of_key else 0)
        began_at[len(of_key)] = safe
        return max(0, done - safe * NUM_BATCHES) / NUM_BATCHES


def _is_lock(path: Path) -> bool:
    return path.name == LOCK_FILE and path.parent.parent.name == "trials"


def _name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""
