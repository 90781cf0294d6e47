"""Several kinds of GPU in one cluster: finds the kinds, and chooses one for each trial."""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import heapreplace
from itertools import accumulate, pairwise
from math import lcm
from operator import itemgetter
from typing import Any

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.hosts import usable_machines
from orchestrator.cluster.machines import ACCELERATOR, Machines, gpu_kind_of
from orchestrator.cluster.packing import Capacity, Measured
from orchestrator.cluster.session import TrainingSession
from orchestrator.errors import ClusterError
from reports.ledger.probe import architecture_of
from search_spaces.trial import Trial


def gpu_kinds_of(
    nodes: Iterable[Mapping[str, Any]], machines: Machines
) -> tuple[str, ...] | tuple[None]:
    """Return the kinds of GPU to train on; only None if there are not several kinds.

    That is also so if no GPU is used, or none is there yet.

    Args:
        nodes: The machines, as `ray.nodes` lists them.
        machines: Which of them may train, and on what.

    Raises:
        ClusterError: If Ray knows the kinds of only some GPUs: then no request to Ray could keep a
            trial on the other GPUs.
    """
    on_gpu, usable = usable_machines(nodes, machines)
    kinds = {gpu_kind_of(one) for one in usable if on_gpu}
    named = sorted(kind for kind in kinds if kind is not None)
    if len(kinds) < 2:
        return (None,)
    if None in kinds:
        raise ClusterError(
            f"Ray knows the kind of some GPUs ({', '.join(named)}), but not of others; name those "
            "when you start Ray on their machines: "
            f"""ray start --resources '{{"{ACCELERATOR}NAME": 1}}'"""
        )
    return tuple(named)


def session_on(session: TrainingSession, gpu_kind: str | None) -> TrainingSession:
    """Limit a session to the machines with one kind of GPU; None keeps all machines."""
    if gpu_kind is None:
        return session
    return replace(session, machines=session.machines._replace(gpu_kind=gpu_kind))


def divide_slots(
    capacities: Sequence[Capacity], shares: Mapping[str, Sequence[Share]], most: int | None
) -> list[int | None]:
    """Divide the slots among the kinds, at least one for each, if there are more places than slots.

    Args:
        capacities: The devices of each kind.
        shares: The shares of each trial, by key: one for each kind into which it fits.
        most: How many trials run at once at most, on all kinds together.

    Returns:
        How many run at once on each kind at most; None for as many as fit.
    """
    places = [
        capacity.num_devices * max(_at_once(capacity, shares), default=0) for capacity in capacities
    ]
    if most is None or most >= sum(places):
        return [None] * len(places)
    ends = [most * num // sum(places) for num in accumulate(places, initial=0)]
    return [max(1, end - start) for start, end in pairwise(ends)]


def _at_once(capacity: Capacity, shares: Mapping[str, Sequence[Share]]) -> set[int]:
    """List for each trial how many like it a device of the kind takes."""
    return {
        share.num_at_once
        for of_trial in shares.values()
        for share in of_trial
        if share.gpu_kind == capacity.gpu_kind
    }


def choose_kinds(
    assignments: Iterable[Assignment],
    kinds: Sequence[Measured],
    shares: Mapping[str, Sequence[Share]],
    slots: Sequence[int | None],
) -> dict[str, Share]:
    """Choose for each trial the share on the kind of GPU where it ends first.

    The longest trials choose first; a trial's length is its time on its fastest kind. How much
    trials that share a GPU slow each other is not known, and left out.

    Args:
        assignments: The trials.
        kinds: The devices of each kind, and what each trial takes there.
        shares: The shares of each trial, by key: one for each kind into which it fits.
        slots: How many trials run at once on each kind, if that is limited.
    """
    trials = [assignment.trial for assignment in assignments]
    queues = {
        kind.capacity.gpu_kind: _Queue(kind, shares, num)
        for kind, num in zip(kinds, slots, strict=True)
    }
    seconds = {
        trial.key: {share: queues[share.gpu_kind].seconds_of(trial) for share in shares[trial.key]}
        for trial in trials
    }
    chosen: dict[str, Share] = {}
    for trial in sorted(trials, key=lambda trial: -min(seconds[trial.key].values())):
        ends = {
            share: queues[share.gpu_kind].start_of(share) + lasting
            for share, lasting in seconds[trial.key].items()
        }
        share, end_s = min(ends.items(), key=itemgetter(1))
        queues[share.gpu_kind].put(share, end_s)
        chosen[trial.key] = share
    return chosen


class _Queue:
    """When parts of the devices of a kind are free, as if all were one large device."""

    def __init__(
        self, kind: Measured, shares: Mapping[str, Sequence[Share]], num_slots: int | None
    ) -> None:
        self._probes = kind.probes
        capacity = kind.capacity
        self._num_parts = lcm(*_at_once(capacity, shares))
        self._free = [(0.0, capacity.num_devices * self._num_parts)]  # (free from, number of parts)
        most = capacity.num_devices * capacity.num_cores
        self._slots = [0.0] * min(most, num_slots or most)

    def seconds_of(self, trial: Trial) -> float:
        """Return how long a trial takes if no other trial slows it."""
        return self._probes[architecture_of(trial)].trial_s(trial.config.training.max_epochs)

    def start_of(self, share: Share) -> float:
        """Return when a trial could start."""
        parts = self._num_parts // share.num_at_once
        nums = accumulate(num for _, num in self._free)
        free_s = next(at for (at, _), num in zip(self._free, nums, strict=True) if num >= parts)
        return max(free_s, self._slots[0])

    def put(self, share: Share, end_s: float) -> None:
        """Give a trial the parts that are free first."""
        parts = lacking = self._num_parts // share.num_at_once
        while lacking:
            free_s, num = self._free.pop(0)
            if num > lacking:
                self._free.insert(0, (free_s, num - lacking))
            lacking -= min(num, lacking)
        insort(self._free, (end_s, parts))
        heapreplace(self._slots, end_s)
