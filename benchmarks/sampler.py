"""A sampler of the memory and processor time of a running sweep."""

import threading
import time

import psutil

from orchestrator.trial.watcher import Watcher
from reports.ledger.record import Record

SAMPLE_S = 1.0
MIB = 2**20


class Sampler(Watcher):
    """A watcher that notes when trials finish, and samples this process and its descendants.

    Attributes:
        finishes: When each trial finished, in seconds of `time.perf_counter`.
        memory_mib: The number of finished trials and the resident memory of this process, sampled
            every second.
    """

    def __init__(self) -> None:
        self.finishes: list[float] = []
        self.memory_mib: list[tuple[int, float]] = []
        self._others_cpu_s: dict[tuple[int, float], float] = {}
        self._cpu_s_at_first: tuple[float, float] | None = None
        self._me = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampler", daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def num_finished(self) -> int:
        """The number of finished trials."""
        return len(self.finishes)

    @property
    def sweep_s(self) -> float:
        """The time from the end of the first trial to the end of the last."""
        return self.finishes[-1] - self.finishes[0]

    def cpu_s(self) -> tuple[float, float]:
        """Return the processor time since the first trial's end: of this process, of descendants.

        The time of the descendants is known up to the last sample.
        """
        at_first = self._cpu_s_at_first or (0.0, 0.0)
        now = (time.process_time(), sum(self._others_cpu_s.values()))
        return now[0] - at_first[0], now[1] - at_first[1]

    def memory_of(self, num_trials: int) -> tuple[float, float, float]:
        """Return the memory in MiB when 100 trials, half of them and all of them were finished.

        Each value is from the first sample after that moment.
        """
        at = (min(100, num_trials), num_trials // 2, num_trials)
        first, half, last = (
            next(mib for number, mib in self.memory_mib if number >= num_finished)
            for num_finished in at
        )
        return first, half, last

    def note_finish(self) -> None:
        """Note the end of a trial."""
        self.finishes.append(time.perf_counter())

    def finished(self, record: Record) -> None:
        """Note the time."""
        self.note_finish()

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self.memory_mib.append((self.num_finished, self._me.memory_info().rss / MIB))
            for process in self._me.children(recursive=True):
                try:
                    times, born = process.cpu_times(), process.create_time()
                except psutil.NoSuchProcess:
                    continue
                self._others_cpu_s[process.pid, born] = times.user + times.system
            if self.finishes and self._cpu_s_at_first is None:
                self._cpu_s_at_first = (time.process_time(), sum(self._others_cpu_s.values()))
