"""Stops candidates that score less than others after the same epochs: ASHA, Li et al. 2020."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from orchestrator.candidates.rungs import GRACE_EPOCHS, REDUCTION
from orchestrator.sweep.tune_adapters import trial_of


class EarlyStopping(ASHAScheduler):
    """Tune's ASHA on validation F1; it identifies trials by their keys.

    So a trial that returns counts as the same trial, and the scores of earlier runs count too. A
    trial is not stopped in its last epoch, because that would save nothing.
    """

    def __init__(self, max_epochs: int) -> None:
        """Judge trials that have at most `max_epochs` epochs."""
        super().__init__(
            time_attr="num_epochs",
            metric="valid_f1",
            mode="max",
            max_t=max(max_epochs, GRACE_EPOCHS),
            grace_period=GRACE_EPOCHS,
            reduction_factor=REDUCTION,
            stop_last_trials=False,
        )
        self.stopped: set[str] = set()
        """The keys of the trials that were stopped."""

    def remember(self, key: str, f1: Mapping[int, float]) -> None:
        """Include a trial of an earlier run, with its validation F1 by the number of epochs."""
        for num_epochs, score in sorted(f1.items()):
            self._judge(key, {"num_epochs": num_epochs, "valid_f1": score})

    def on_trial_add(self, tune_controller: object, trial: TuneTrial) -> None:
        """Do nothing: a trial counts once, however often Tune gets it."""

    def on_trial_result(
        self, tune_controller: object, trial: TuneTrial, result: dict[str, Any]
    ) -> str:
        """Judge a trial after an epoch."""
        ours = trial_of(trial)
        action = self._judge(ours.key, result)
        is_last = result.get("num_epochs") == ours.config.training.max_epochs
        if is_last or action != TrialScheduler.STOP:
            return TrialScheduler.CONTINUE
        self.stopped.add(ours.key)
        return action

    def on_trial_complete(self, tune_controller: object, trial: TuneTrial, result: object) -> None:
        """Do nothing: its epochs were seen."""

    def on_trial_remove(self, tune_controller: object, trial: TuneTrial) -> None:
        """Do nothing: its epochs were seen."""

    def _judge(self, key: str, result: dict[str, Any]) -> str:
        known: Any = SimpleNamespace(trial_id=key)  # ASHA reads nothing else
        nobody: Any = None
        if key not in self._trial_info:
            super().on_trial_add(nobody, known)
        return super().on_trial_result(nobody, known, result)
