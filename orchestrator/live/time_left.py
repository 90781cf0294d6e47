"""Estimates the time that a sweep has left."""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from search_spaces.trial import Trial

NUM_EPOCHS_FOR_A_PACE = 4
"""So many epochs must have ended before their pace says anything."""

SHARE_OF_LATE = 0.1
"""A trial that takes longer than was predicted is given this share of the prediction, once more."""


class TimeLeft:
    """Learns what trials take, and predicts when the last one ends.

    A trial takes what finished trials of its row took on average; before there is one, what was
    forecast, scaled by how right the forecasts were; else its epochs at the pace of all. The trials
    that are left are dealt to the slots in their order, each to the slot that is free first.
    """

    def __init__(
        self,
        trials: Mapping[str, Trial],
        rows: Mapping[str, str],
        forecast_s: Mapping[str, float] | None = None,
    ) -> None:
        """Estimate the time of trials.

        Args:
            trials: The trials to train by key, in their order.
            rows: The row of each.
            forecast_s: What each takes in seconds; empty if nothing is known.
        """
        self._rows = rows
        self._max_epochs = {k: trial.config.training.max_epochs for k, trial in trials.items()}
        self._forecast_s = forecast_s or {}
        self._taken_s: dict[str, list[float]] = defaultdict(list)
        self._errors: list[float] = []
        self._epochs_left = dict(self._max_epochs)
        self._epoch_s: list[float] = []

    def epoch_done(self, key: str, num_done: int, took_s: float | None) -> None:
        """Note that a trial has done some epochs; `took_s` is the last one's time, if known."""
        if key in self._epochs_left:
            self._epochs_left[key] = max(0, self._max_epochs[key] - num_done)
        if took_s is not None:
            self._epoch_s.append(took_s)

    def ended(self, key: str, took_s: float | None) -> None:
        """Note that a trial has ended; `took_s` is its time, or None if it has no record."""
        self._epochs_left.pop(key, None)
        if took_s is None or key not in self._rows:
            return
        self._taken_s[self._rows[key]].append(took_s)
        if forecast_s := self._forecast_s.get(key):
            self._errors.append(took_s / forecast_s)

    def seconds(self, running: Mapping[str, float], num_slots: int) -> float | None:
        """Predict when the last trial ends.

        Args:
            running: The trials that run, with the seconds since each last showed progress.
            num_slots: How many run at once.

        Returns:
            The seconds from now on; None if nothing is known yet.
        """
        times = {key: self._trial_s(key) for key in self._epochs_left}
        known = {key: seconds for key, seconds in times.items() if seconds is not None}
        if len(known) < len(times):
            return None
        left = {key: seconds * self._part_left(key) for key, seconds in known.items()}
        begun = (
            max(SHARE_OF_LATE * left[key], left[key] - since)
            for key, since in running.items()
            if key in left
        )
        waiting = (seconds for key, seconds in left.items() if key not in running)
        return _makespan(list(begun), list(waiting), num_slots)

    def _part_left(self, key: str) -> float:
        return self._epochs_left[key] / max(1, self._max_epochs[key])

    def _trial_s(self, key: str) -> float | None:
        """Predict what a trial takes from its start to its end."""
        if taken := self._taken_s[self._rows[key]]:
            return fmean(taken)
        if key in self._forecast_s:
            return self._forecast_s[key] * (fmean(self._errors) if self._errors else 1.0)
        if len(self._epoch_s) >= NUM_EPOCHS_FOR_A_PACE:
            return fmean(self._epoch_s) * self._max_epochs[key]
        return None


def _makespan(begun: Sequence[float], waiting: Sequence[float], num_slots: int) -> float:
    """Deal tasks to slots in their order; return when the last one ends."""
    free_at = [*begun, *[0.0] * max(0, max(1, num_slots) - len(begun))]
    heapq.heapify(free_at)
    for seconds in waiting:
        heapq.heapreplace(free_at, free_at[0] + seconds)
    return max(free_at)
