"""Measuring what trials take, on Ray: each architecture once, beside as many as train at once.

What was measured is kept in the ledger, so that a second plan measures nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle

import ray
from ray.exceptions import RayError, RayTaskError

from orchestrator.errors import ProbeError, TooLargeError
from orchestrator.machines import MAX_REQUESTED, count_requested, resources_of_trial
from orchestrator.mirror import publish_file, pull_probes
from orchestrator.packing import NO_ROWS, Capacity, count_at_once, find_capacity, name_of
from orchestrator.probers import Probers, Surroundings
from orchestrator.training_session import TrainingSession
from reports.probe import Probe, distinct_architectures, find_probe, remember_probe
from search_spaces.study import RowRef
from search_spaces.trial import Trial

Outcome = Probe | Exception

ADVICE = "nothing was trained; --no-measure trains without measuring, and then such trials may fail"


def measure(
    session: TrainingSession,
    trials: Sequence[Trial],
    *,
    rows: Mapping[str, RowRef] = NO_ROWS,
    on_measured: Callable[[int, int], None] = lambda num_measured, num_in_all: None,
) -> dict[str, Probe]:
    """Return what each architecture of some trials takes; measure those that the ledger lacks.

    On the CPU as many are measured at once as train at once, as they slow each other, each in its
    part of the memory; what does not fit there is measured again beside half as many, and so on. On
    a GPU each is alone.

    Args:
        session: Where to measure.
        trials: What is to be trained.
        rows: Who asked for each trial, by key, to name it by.
        on_measured: Told how many were measured, of how many.

    Returns:
        The probes by architecture; one that does not even fit alone has none.

    Raises:
        ClusterError: If no machine has what a trial takes.
        KeyboardInterrupt: If a signal asked to stop. What was measured until then is kept.
        LedgerError: If a probe in the ledger is damaged.
        ProbeError: If some could not be measured for another reason. The others are kept.
    """
    pull_probes(session.storage)
    wanted = distinct_architectures(trials)
    outcomes: dict[str, Outcome] = {}
    with Probers(session) as probers:
        probers.start(1)
        prober, _, device = probers.next()
        job = _job(session, probers, len(trials))
        known = {
            name: probe
            for name in wanted
            if (probe := find_probe(name, device, session.storage)) and job.is_of_use(probe)
        }
        lacking = {name: trial for name, trial in wanted.items() if name not in known}
        if lacking:
            on_measured(0, len(lacking))
            probers.greet(prober)
            outcomes = job.measure(lacking, lambda n: on_measured(n, len(lacking)))
    faults = [
        f"{name_of(wanted[name], rows)}: {_reason(outcome)}"
        for name, outcome in outcomes.items()
        if not isinstance(outcome, Probe | TooLargeError)
    ]
    if faults:
        raise ProbeError("\n".join([*faults, ADVICE]))
    return known | {name: found for name, found in outcomes.items() if isinstance(found, Probe)}


def _job(session: TrainingSession, probers: Probers, num_trials: int) -> "_Job":
    capacity = find_capacity(session, {})
    if probers.on_gpu:
        return _Job(session, probers, capacity, (1,))
    most = min(capacity.num_cores, math.ceil(num_trials / capacity.num_devices))
    return _Job(session, probers, capacity, tuple(_halvings(most)))


@dataclass(frozen=True)
class _Job:
    """What is measured with, and beside how many on a device: first `levels[0]`, last one alone."""

    session: TrainingSession
    probers: Probers
    capacity: Capacity
    levels: tuple[int, ...]

    def is_of_use(self, probe: Probe) -> bool:
        """Whether it would be measured beside no more others now than it was."""
        fit = max(1, count_at_once(probe, self.capacity))
        return probe.num_at_once >= next(level for level in self.levels if level <= fit)

    def measure(
        self, lacking: Mapping[str, Trial], on_measured: Callable[[int], None]
    ) -> dict[str, Outcome]:
        """Measure architectures, those that do not fit at one level at the next one."""
        outcomes: dict[str, Outcome] = {}
        for level in self.levels:
            todo = {name: lacking[name] for name in lacking if _may_fit(outcomes.get(name))}
            if not todo:
                break
            if outcomes:
                self.probers.end()
            self._start(level, len(todo))
            for name, outcome in self._measure_at(level, todo):
                outcomes[name] = outcome
                on_measured(sum(isinstance(one, Probe) for one in outcomes.values()))
        return outcomes

    def _start(self, level: int, num_todo: int) -> None:
        """Start as many probers as are of use; they claim what they may take of the memory."""
        there = ray.cluster_resources()
        resources = resources_of_trial(self.session.machines, there)
        num_places = count_requested(self.session.machines, there, resources, MAX_REQUESTED)
        wanted = num_todo if self.probers.on_gpu else level * self.capacity.num_devices
        self.probers.start(min(wanted, num_places) - self.probers.num_living, self._cap_mib(level))

    def _cap_mib(self, level: int) -> float | None:
        return None if self.probers.on_gpu else self.capacity.memory_mib / level

    def _measure_at(self, level: int, todo: Mapping[str, Trial]) -> Iterator[tuple[str, Outcome]]:
        """Yield the outcome of each; until the last one has its, others train beside it."""
        surroundings = Surroundings(level, self._cap_mib(level))
        coming, lacking = chain(todo, cycle(todo)), set(todo)
        while lacking:
            prober, name, outcome = self.probers.next()
            if name in lacking:
                lacking.remove(name)
                yield name, self._kept(outcome)
            if prober is None:
                self.probers.start(1, surroundings.cap_mib)
            else:
                coming_name = next(coming)
                self.probers.send(prober, coming_name, todo[coming_name], surroundings)

    def _kept(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Probe):
            path = remember_probe(outcome, self.session.storage)
            publish_file(self.session.storage, path)
        return outcome


def _halvings(most: int) -> Iterator[int]:
    """Yield a number, then half of it, rounded up, and so on, down to one."""
    while most > 1:
        yield most
        most = math.ceil(most / 2)
    yield 1


def _reason(error: Outcome) -> str:
    """Say why a trial could not be measured; a trial's own error comes without Ray's words."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    return f"{type(cause).__name__}: {cause}"


def _may_fit(outcome: Outcome | None) -> bool:
    """Whether an architecture is to be measured beside fewer: it lacked memory, or its process."""
    is_lost = isinstance(outcome, RayError) and not isinstance(outcome, RayTaskError)
    return outcome is None or is_lost or isinstance(outcome, TooLargeError)
