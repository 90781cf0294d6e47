"""Follows a running sweep: what trains where, how far it is, and the time left."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.workplace import Workplace
from orchestrator.live.state import RunningTrial, SweepState
from orchestrator.live.time_left import TimeLeft
from orchestrator.trial.watcher import Watcher
from reports.ledger.record import MAIN_HEADER, Epoch, Record
from search_spaces.trial import Trial


class Header(NamedTuple):
    """What a sweep is: its studies or its search, its corpus, and how many trials it has.

    `num_finished` of them had their record before it began. `forecast_s` is what the others were
    forecast to take together; None if that is not known.
    """

    names: tuple[str, ...]
    corpus: str
    scale: str
    num_trials: int
    num_finished: int
    forecast_s: float | None = None


@dataclass
class _Running:
    """A trial that trains now; `progress_at` is the clock when it began, or ended an epoch."""

    trial: Trial
    slot: int
    progress_at: float
    workplace: Workplace | None = None
    num_epochs: int = 0
    scores: dict[int, float] = field(default_factory=dict)
    score_name: str | None = None


class LiveSweep(Watcher):
    """The state of a sweep, from the events of its trials.

    Any thread may ask for the state.
    """

    def __init__(
        self,
        header: Header,
        name_of: Callable[[str], str],
        time_left: TimeLeft | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow a sweep.

        Args:
            header: What it is.
            name_of: Names the row of a trial by its key.
            time_left: Estimates the time left; None if trials are not known beforehand.
            clock: Returns seconds.
        """
        self._header = header
        self.name_of = name_of
        self._time_left = time_left
        self._clock = clock
        self._lock = threading.Lock()
        self._began_at = clock()
        self._started_at = _now()
        self._finished: set[str] = set()
        self._failed: set[str] = set()
        self._lost: dict[str, _Running] = {}
        self._most_at_once = 0
        self._has_epochs = False
        self._running: dict[str, _Running] = {}
        self.is_stopping: Callable[[], bool] = lambda: False
        """Says whether a signal has asked to stop; who has the session sets it."""

    @property
    def counts(self) -> tuple[int, int]:
        """How many trials have ended, and how many there are."""
        return self._num_finished + len(self._failed), self._header.num_trials

    @property
    def _num_finished(self) -> int:
        return self._header.num_finished + len(self._finished)

    def started(self, trial: Trial) -> None:
        """Give a trial a slot; one that goes on after a loss keeps its scores."""
        with self._lock:
            if trial.key in self._running:
                return
            taken = {one.slot for one in self._running.values()}
            slot = next(n for n in range(1, len(taken) + 2) if n not in taken)
            self._failed.discard(trial.key)
            before = self._lost.pop(trial.key, _Running(trial, slot, 0.0))
            self._running[trial.key] = replace(before, slot=slot, progress_at=self._clock())
            self._most_at_once = max(self._most_at_once, len(self._running))

    def placed(self, trial: Trial, workplace: Workplace) -> None:
        """Note where a trial trains."""
        with self._lock:
            if trial.key in self._running:
                self._running[trial.key].workplace = workplace

    def lost(self, trial: Trial) -> None:
        """Free the slot of a trial; what was seen of it stays."""
        with self._lock:
            one = self._running.pop(trial.key, None)
            if one is not None:
                self._lost[trial.key] = replace(one, workplace=None)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Note a trial's newest epoch."""
        self.started(trial)
        with self._lock:
            one, now = self._running[trial.key], self._clock()
            if self._time_left is not None:
                # The first epoch that is seen includes the start of the process.
                took_s = now - one.progress_at if one.scores else None
                self._time_left.epoch_done(trial.key, epoch.epoch + 1, took_s)
            one.num_epochs, one.progress_at = epoch.epoch + 1, now
            one.scores[epoch.epoch] = epoch.main_score  # a lost epoch may be trained twice
            one.score_name = MAIN_HEADER[epoch.main_metric]
            self._has_epochs = True

    def finished(self, record: Record) -> None:
        """Count a trial as finished."""
        with self._lock:
            self._finished.add(record.key)
            self._failed.discard(record.key)
            self._end(record.key, record.circumstances.wall_s)

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Count a trial as failed."""
        with self._lock:
            self._failed.add(trial.key)
            self._end(trial.key, None)

    def stopped(self, trial: Trial) -> None:
        """Count a candidate that a search stopped early as finished."""
        with self._lock:
            self._finished.add(trial.key)
            self._end(trial.key, None)

    def state(self, driver: str = "", num_waiting_for_mlflow: int = 0) -> SweepState:
        """Describe the sweep as it is now."""
        with self._lock:
            return SweepState(
                driver=driver,
                names=self._header.names,
                corpus=self._header.corpus,
                scale=self._header.scale,
                started_at=self._started_at,
                updated_at=_now(),
                num_trials=self._header.num_trials,
                num_finished=self._num_finished,
                num_failed=len(self._failed),
                running=tuple(
                    map(self._describe, sorted(self._running.values(), key=lambda one: one.slot))
                ),
                seconds_left=self._seconds_left(),
                num_waiting_for_mlflow=num_waiting_for_mlflow,
                is_stopping=self.is_stopping(),
            )

    def _end(self, key: str, took_s: float | None) -> None:
        self._running.pop(key, None)
        self._lost.pop(key, None)
        if self._time_left is not None:
            self._time_left.ended(key, took_s)

    def _seconds_left(self) -> float | None:
        now, left = self._clock(), None
        if self._time_left is not None and self._has_epochs:
            since = {key: now - one.progress_at for key, one in self._running.items()}
            left = self._time_left.seconds(since, self._most_at_once)
        if left is None and self._header.forecast_s is not None:
            left = max(0.0, self._header.forecast_s - (now - self._began_at))
        return left

    def _describe(self, one: _Running) -> RunningTrial:
        return RunningTrial(
            key=one.trial.key,
            row=self.name_of(one.trial.key),
            seed=one.trial.seed_text,
            slot=one.slot,
            host=one.workplace and one.workplace.host,
            device=one.workplace and one.workplace.device,
            num_epochs=one.num_epochs,
            max_epochs=one.trial.config.training.max_epochs,
            scores=tuple(one.scores[number] for number in sorted(one.scores)),
            score_name=one.score_name,
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
