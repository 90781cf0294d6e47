"""Adapters between Ray Tune and a supply of trials: requests, the end, and events."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.progress_reporter import TrialProgressCallback
from ray.tune.search import Searcher

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.stop_signals import StopSignals
from orchestrator.failures.failure import failure_of
from orchestrator.sweep.losses import count_memory_kills, loss_of
from orchestrator.sweep.messages import (
    EpochDone,
    Failure,
    FinalReport,
    Manner,
    OutOfMemory,
    Placed,
    Trouble,
    WorkOrder,
    order_in,
    report_in,
)
from orchestrator.sweep.supply import Loss, TrialSupply
from search_spaces.trial import Trial


class QueueSearcher(Searcher):
    """Gives Tune the trials that a supply hands out."""

    def __init__(
        self,
        supply: TrialSupply,
        signals: StopSignals,
        manner: Manner,
        count_now: Callable[[Share | None], int],
        *,
        max_trials: int | None = None,
    ) -> None:
        """Supply trials; `count_now` says how many of a share may run or wait for a place now.

        It says 0 if slots are limited and no machine has the share's kind of GPU. After
        `max_trials`, Tune is told that there are no more.
        """
        super().__init__()
        self._num_left = math.inf if max_trials is None else max_trials
        self._count_now = count_now
        self._shares: dict[str, Share | None] = {}
        self._supply = supply
        self._signals = signals
        self._manner = manner

    def __getstate__(self) -> dict[str, Any]:
        """Keep this out of Tune's snapshots: nobody restores them."""
        return {}

    def suggest(self, trial_id: str) -> Any:
        """Return a trial; None if there is none now: then Tune asks again."""
        if self._signals.seen is not None or self._num_left == 0:
            return Searcher.FINISHED
        full = self._full_kinds()
        if None in full:
            return None
        assignment = self._next({kind for kind in full if kind is not None})
        if assignment is None:
            return Searcher.FINISHED if self._supply.is_done else None
        self._num_left -= 1
        self._shares[trial_id] = assignment.share
        order = WorkOrder(
            trial=assignment.trial,
            trained_for=assignment.trained_for,
            micro_batch_size=assignment.micro_batch_size,
            share=assignment.share,
            manner=self._manner,
            keeps_batches_whole=assignment.keeps_batches_whole,
        )
        return order.config()

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Free the trial's place; `TuneListener` handles the rest."""
        self._shares.pop(trial_id, None)

    def _next(self, full: set[str]) -> Assignment | None:
        """Take a trial that has a place, or may get one.

        If a trial's kind of GPU has no machine yet, the trial may hold the last slot until there is
        one. So such a trial comes after all others.
        """
        absent = {
            kind for kind in self._supply.gpu_kinds - full if not self._count_now(Share(1, 0, kind))
        }
        assignment = self._supply.next(*full, *absent)
        return self._supply.next(*full) if absent and assignment is None else assignment

    def _full_kinds(self) -> set[str | None]:
        """List the kinds of GPU whose places are all taken by trials that run or wait.

        Each trial takes a part of the places of its kind. The kind is None if there are not several
        kinds. A kind without a place is full with a single trial, which waits for a machine.
        """
        parts: dict[str | None, float] = defaultdict(float)
        for share, num in Counter(self._shares.values()).items():
            parts[share and share.gpu_kind] += num / max(1, self._count_now(share))
        return {kind for kind, part in parts.items() if part >= 1}

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the ledger holds the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: no state was saved."""


class SignalStopper(tune.Stopper):
    """Ends the sweep after a signal."""

    def __init__(self, signals: StopSignals) -> None:
        self._signals = signals

    def __getstate__(self) -> dict[str, Any]:
        """Keep this out of Tune's snapshots: nobody restores them."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Return False: no trial stops alone."""
        return False

    def stop_all(self) -> bool:
        """Whether to stop the sweep."""
        return self._signals.seen is not None


class SilentReporter(TrialProgressCallback):
    """Takes the place of Tune's own reporter, which prints each trial that failed or diverged."""

    def _print(self, msg: str) -> None:
        """Print nothing: our progress tells it."""


class TuneListener(tune.Callback):
    """Forwards the events of Tune to the supply."""

    def __init__(self, supply: TrialSupply, is_local: bool) -> None:
        self._supply = supply
        self._is_local = is_local
        self._final_reports: dict[str, FinalReport] = {}
        self._memory_kills: dict[str, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Keep this out of Tune's snapshots: nobody restores them."""
        return {}

    def on_step_end(self, iteration: int, trials: list[TuneTrial], **info: object) -> None:
        """Let the supply do its periodic work."""
        self._supply.look()

    def on_trial_start(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        """Report that a trial trains."""
        self._memory_kills[trial.trial_id] = count_memory_kills()
        self._supply.started(trial_of(trial))

    def on_trial_result(
        self,
        iteration: int,
        trials: list[TuneTrial],
        trial: TuneTrial,
        result: dict[str, Any],
        **info: object,
    ) -> None:
        """Report a place, an epoch or a problem; keep a final report for the end."""
        report = report_in(result)
        if isinstance(report, EpochDone):
            self._memory_kills[trial.trial_id] = count_memory_kills()  # earlier ones spared it
            self._supply.epoch_done(trial_of(trial), report.epoch)
        elif isinstance(report, Placed):
            self._supply.placed(trial_of(trial), report.workplace)
        elif isinstance(report, Trouble):
            self._supply.trouble(trial_of(trial), report.reason)
        elif report is not None:
            self._final_reports[trial.trial_id] = report

    def on_trial_complete(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        """Report that a trial's function returned, or that the trial was stopped."""
        final = self._final_reports.pop(trial.trial_id, None)
        self._supply.ended(trial_of(trial), final.failure if isinstance(final, Failure) else None)

    def on_trial_error(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        """Report that a trial failed, or that its process was lost."""
        kills_before = self._memory_kills.pop(trial.trial_id, None)
        final = self._final_reports.pop(trial.trial_id, None)
        if final is not None:
            self._learn(trial_of(trial), final)
            return
        error = _error_of(trial)
        loss = loss_of(
            error,
            was_killed_for_memory=self._is_local
            and kills_before is not None
            and count_memory_kills() > kills_before,
        )
        if loss is None:
            reason = "ended for an unknown reason"
            if error is not None:
                reason = f"{type(error).__name__}: {error}"
            self._supply.ended(trial_of(trial), failure_of("training", reason))
        else:
            self._supply.lost(trial_of(trial), loss)

    def _learn(self, trial: Trial, final: FinalReport) -> None:
        if isinstance(final, Failure):
            self._supply.ended(trial, final.failure)
        elif isinstance(final, OutOfMemory):
            self._supply.lost(trial, Loss(final.reason, is_out_of_memory=True))
        else:
            self._supply.lost(trial, Loss(final.reason, never_began=True))


def trial_of(tune_trial: TuneTrial) -> Trial:
    """Return the trial that Tune trains."""
    return order_in(tune_trial.config).trial


def _error_of(tune_trial: TuneTrial) -> Exception | None:
    """Read the error that ended a trial from the file that Tune just wrote on this machine."""
    file = tune_trial.pickled_error_file
    return None if file is None else ray.cloudpickle.loads(Path(file).read_bytes())
