"""Stops candidates that do worse than others did after as many epochs: ASHA, Li et al. 2020."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from orchestrator.sweep.tune_adapters import trial_of

GRACE_EPOCHS = 2
"""No candidate is stopped before; then come `REDUCTION` times as many epochs, and so on."""

REDUCTION = 3
"""One in so many goes on, as far as is known when it is judged."""


class EarlyStopping(ASHAScheduler):
    """Tune's ASHA on validation F1, which knows trials by their keys.

    So a trial that comes back is the one it was, and what an earlier run saw counts. In its last
    epoch a trial is not stopped: it has cost what it costs.
    """

    def __init__(self, max_epochs: int) -> None:
        """Judge trials of at most so many epochs."""
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
        """Count a trial in, with its validation F1 after so many epochs."""
        for num_epochs, score in sorted(f1.items()):
            self._judge(key, {"num_epochs": num_epochs, "valid_f1": score})

    def on_trial_add(self, tune_controller: object, trial: TuneTrial) -> None:
        """Do nothing: what counts is the trial, not how often Tune gets it."""

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
        known: Any = SimpleNamespace(trial_id=key)  # all that ASHA looks at
        nobody: Any = None
        if key not in self._trial_info:
            super().on_trial_add(nobody, known)
        return super().on_trial_result(nobody, known, result)
