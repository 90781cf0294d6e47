"""Predicts from measurements how long a sweep takes, and chooses the order of its trials."""

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.gpu_kinds import choose_kinds, divide_slots
from orchestrator.cluster.packing import Capacity, Measured
from orchestrator.forecast.timetable import Task, Timetable, make_timetable
from reports.ledger.probe import Probe, architecture_of
from search_spaces.trial import Trial

WORKER_START_S = 8.5
"""The time until workers run and have loaded PyTorch and our code, measured as docs/plan.md says.

It is also needed if a trial takes another share of a device than the trial before: Tune gives a
worker only trials with equal resources.
"""

BETWEEN_TRIALS_S = 0.1
"""The time from the end of a trial to the start of the next one in its worker, measured as well."""

TOLERANCE = 1.03
"""How much longer a sweep may take seed by seed, relative to the order "longest trial first"."""


class Kind(NamedTuple):
    """Trials of one architecture that take the same time and memory; `first` is one of them."""

    first: Assignment
    num_trials: int
    task: Task
    probe: Probe


@dataclass(frozen=True)
class Span:
    """What some work takes on some devices, at least and at most."""

    capacity: Capacity
    quickest: Timetable
    slowest: Timetable

    @property
    def wall_s(self) -> tuple[float, float]:
        """How long it takes, at least and at most."""
        return self.quickest.wall_s, self.slowest.wall_s

    @property
    def device_h(self) -> tuple[float, float]:
        """How many GPU-hours it takes, or core-hours, at least and at most.

        A GPU counts until its last trial has ended, a core while it trains.
        """
        tables = (self.quickest, self.slowest)
        least, most = sorted(t.held_s if self.capacity.on_gpu else t.busy_s for t in tables)
        return least / 3600, most / 3600


@dataclass(frozen=True, kw_only=True)
class Forecast(Span):
    """What a sweep takes; `order` is the order in which to hand out its trials.

    It is not known how much trials that share a GPU slow each other. In `quickest` they do not slow
    each other at all; in `slowest` they take turns. If no trials share a GPU, the two are equal.
    `num_stopping` trials may stop early; all their epochs count.
    """

    order: tuple[Assignment, ...]
    kinds: tuple[Kind, ...]
    num_stopping: int

    @property
    def trial_s(self) -> dict[str, float]:
        """What each trial takes in seconds, by its key."""
        stays = zip(self.order, self.quickest.stays, strict=True)
        return {one.trial.key: stay.task.seconds for one, stay in stays}

    @property
    def utilisation(self) -> float:
        """The fraction of the slots' time in which trials train."""
        return self.quickest.busy_s / (self.quickest.num_slots * self.quickest.wall_s)

    @property
    def critical_path(self) -> list[Assignment]:
        """List the chain of trials that ends last; each one waits for the one before."""
        return [self.order[index] for index in self.quickest.critical_path]

    @property
    def longest(self) -> Kind:
        """The trials that take longest."""
        return max(self.kinds, key=lambda kind: kind.task.seconds)

    @property
    def floor_s(self) -> float:
        """The time of the longest trial: no number of slots makes the sweep shorter."""
        return WORKER_START_S + self.longest.task.seconds


def make_forecast(
    assignments: Sequence[Assignment],
    probes: Mapping[str, Probe],
    shares: Mapping[str, Share],
    capacity: Capacity,
    num_slots: int | None = None,
) -> Forecast:
    """Predict how long trials take on the devices, and choose their order.

    Args:
        assignments: The trials to train, each once; at least one.
        probes: The measurements of their architectures, by `architecture_of`.
        shares: How much of a device a trial takes, by key; a trial without a share takes a whole
            GPU, or one core.
        capacity: The devices.
        num_slots: How many trials run at once at most; None for as many as fit.
    """
    whole = Share(1 if capacity.on_gpu else capacity.num_cores, capacity.memory_mib)
    tasks = {
        one.trial.key: _task(one.trial, probes, shares.get(one.trial.key, whole))
        for one in assignments
    }

    def tabulate(order: Iterable[Task]) -> Timetable:
        return make_timetable(list(order), capacity, num_slots=num_slots, start_s=WORKER_START_S)

    order = choose_order(
        assignments, tasks, lambda order: tabulate(tasks[a.trial.key] for a in order).wall_s
    )
    in_order = [tasks[assignment.trial.key] for assignment in order]
    quickest = slowest = tabulate(in_order)
    if capacity.on_gpu and any(task.num_at_once > 1 for task in in_order):
        slowest = tabulate(task._replace(num_at_once=1) for task in in_order)
    return Forecast(
        order=tuple(order),
        kinds=_kinds(order, probes, tasks),
        capacity=capacity,
        quickest=quickest,
        slowest=slowest,
        num_stopping=sum(a.trial.config.training.patience is not None for a in order),
    )


def forecast_kinds(
    assignments: Sequence[Assignment],
    kinds: Sequence[Measured],
    shares: Mapping[str, Sequence[Share]],
    num_slots: int | None = None,
) -> list[Forecast]:
    """Predict a sweep on each kind of GPU that takes part in it, and give trials their shares.

    Args:
        assignments: The trials to train, each once; at least one.
        kinds: The devices of each kind, and what the trials take there.
        shares: The shares of each trial, by key: one for each kind into which it fits.
        num_slots: How many trials run at once at most, on all kinds together.
    """
    slots = divide_slots([kind.capacity for kind in kinds], shares, num_slots)
    chosen = choose_kinds(assignments, kinds, shares, slots)
    forecasts = []
    for (capacity, probes), num in zip(kinds, slots, strict=True):
        own = [
            assignment._replace(share=share)
            for assignment in assignments
            if (share := chosen[assignment.trial.key]).gpu_kind == capacity.gpu_kind
        ]
        if own:
            forecasts.append(make_forecast(own, probes, chosen, capacity, num))
    return forecasts


def merge_orders(forecasts: Iterable[Forecast]) -> list[Assignment]:
    """Return the order in which trials start on all kinds of GPU together."""
    starts = (
        [(stay.start_s, one) for stay, one in zip(f.quickest.stays, f.order, strict=True)]
        for f in forecasts
    )
    return [assignment for _, assignment in heapq.merge(*starts, key=itemgetter(0))]


def choose_order(
    assignments: Sequence[Assignment],
    tasks: Mapping[str, Task],
    wall_s: Callable[[Sequence[Assignment]], float],
) -> list[Assignment]:
    """Order trials seed by seed, and the longest first, as long as that costs almost no time.

    If a sweep in this order is interrupted, its tables have every row. The last seeds are mixed,
    because otherwise a long trial of the last seed could start when all others are done. As many
    seeds are mixed as the sweep needs to last at most `TOLERANCE` times as long as with all seeds
    mixed. Among mixed seeds, trials of equal shares follow each other, so that they can use the
    same workers; but the order "longest trial first" is used if it is quicker.

    Args:
        assignments: The trials.
        tasks: What each trial takes, by key.
        wall_s: Returns how long a sweep in some order takes.
    """

    def order_from(seed: int) -> tuple[float, list[Assignment]]:
        """Mix all seeds from this one on; return how long that takes, and the order."""

        def by_length(one: Assignment) -> tuple[int, float]:
            return min(one.trial.last_seed, seed), -tasks[one.trial.key].seconds

        def by_share(one: Assignment) -> tuple[int, int, float]:
            together, length = by_length(one)
            return together, tasks[one.trial.key].num_at_once, length

        orders = (sorted(assignments, key=by_share), sorted(assignments, key=by_length))
        return min(((wall_s(order), order) for order in orders), key=itemgetter(0))

    *later, first = sorted({a.trial.last_seed for a in assignments}, reverse=True)
    limit_s = TOLERANCE * order_from(first)[0]
    # The more seeds are mixed, the shorter the sweep, with rare exceptions.
    index = bisect_left(later, True, key=lambda seed: order_from(seed)[0] <= limit_s)
    return order_from([*later, first][index])[1]


def _task(trial: Trial, probes: Mapping[str, Probe], share: Share) -> Task:
    """Return what a trial takes; its worker can train other trials with an equal share."""
    trial_s = probes[architecture_of(trial)].trial_s(trial.config.training.max_epochs)
    return Task(trial_s + BETWEEN_TRIALS_S, share.num_at_once, sort=share.num_at_once)


def _kinds(
    assignments: Iterable[Assignment], probes: Mapping[str, Probe], tasks: Mapping[str, Task]
) -> tuple[Kind, ...]:
    """Group trials that take the same; groups that take most in total come first."""
    groups: dict[tuple[str, Task], list[Assignment]] = {}
    for assignment in assignments:
        trial = assignment.trial
        groups.setdefault((architecture_of(trial), tasks[trial.key]), []).append(assignment)
    kinds = (
        Kind(members[0], len(members), task, probes[architecture])
        for (architecture, task), members in groups.items()
    )
    return tuple(sorted(kinds, key=lambda k: k.num_trials * k.task.seconds, reverse=True))
