"""Measures what trials take, on Ray: each architecture once, beside as many as train at once.

The ledger keeps the measurements, so a second plan measures nothing.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from ray.exceptions import RayError, RayTaskError

from orchestrator.cluster.assignment import MAX_LOSSES
from orchestrator.cluster.machines import MAX_REQUESTED, count_requested, resources_of_trial
from orchestrator.cluster.packing import (
    NO_ROWS,
    Capacity,
    check_kind,
    count_at_once,
    find_capacity,
    name_of,
)
from orchestrator.cluster.resources import count_resources
from orchestrator.cluster.session import TrainingSession
from orchestrator.errors import ProbeError, TooLargeError
from orchestrator.forecast.probers import Probers, ProbeSetting
from orchestrator.storage.publish import publish_file, pull_probes
from orchestrator.storage.reach import UnreachedStorageError
from reports.ledger.probe import (
    Probe,
    distinct_architectures,
    find_probe,
    remember_probe,
    torch_version,
)
from search_spaces.study import RowRef
from search_spaces.trial import Trial

Outcome = Probe | Exception

ADVICE = "nothing was trained; --no-measure trains without measuring, but such trials may then fail"


class MeasuringListener:
    """Is told how far the measuring is; this one ignores it."""

    def measured(self, num_measured: int, num_in_all: int) -> None:
        """Receive the number of measured architectures, and the total."""

    def waits(self, reason: str) -> None:
        """Receive the reason why no measuring process has started for some seconds."""


SILENT = MeasuringListener()


def measure(
    session: TrainingSession,
    trials: Sequence[Trial],
    *,
    rows: Mapping[str, RowRef] = NO_ROWS,
    anew: bool = False,
    listener: MeasuringListener = SILENT,
) -> dict[str, Probe]:
    """Return what each architecture of some trials takes; measure those that the ledger lacks.

    Args:
        session: Where to measure.
        trials: The trials to train.
        rows: The row that asked for each trial, by key; messages name the trial by it.
        anew: Whether to measure those too that the ledger has.
        listener: Is told how far it is.

    Returns:
        The probes by architecture; an architecture that does not even fit alone has none.

    Raises:
        ClusterError, KeyboardInterrupt: As `measure_each`.
        ProbeError: If some could not be measured for another reason than memory, or no process
            could start. The others are kept.
    """
    outcomes = measure_each(session, trials, len(trials), anew=anew, listener=listener)
    wanted = distinct_architectures(trials)
    gpu_kind = session.machines.gpu_kind
    on_kind = "" if gpu_kind is None else f", on {gpu_kind}"
    faults = [
        f"{name_of(wanted[name], rows)}{on_kind}: {reason_of(outcome)}"
        for name, outcome in outcomes.items()
        if not isinstance(outcome, Probe | TooLargeError)
    ]
    if faults:
        raise ProbeError("\n".join([*faults, ADVICE]))
    return {name: found for name, found in outcomes.items() if isinstance(found, Probe)}


def measure_each(
    session: TrainingSession,
    trials: Sequence[Trial],
    num_trials: int,
    *,
    anew: bool = False,
    listener: MeasuringListener = SILENT,
) -> dict[str, Outcome]:
    """Return for each architecture of some trials what it takes, or why that is not known.

    On a CPU, trials slow each other. So as many are measured at once as train at once, each in its
    part of the memory. An architecture that does not fit is measured again beside half as many, and
    so on. On a GPU, each is measured alone. If a machine is lost, or does not reach the storage,
    its architecture is measured again. If the ledger has all probes, no process starts.

    Args:
        session: Where to measure.
        trials: Trials of these architectures.
        num_trials: How many trials will train in all.
        anew: Whether to measure those too that the ledger has.
        listener: Is told how far it is.

    Returns:
        The probe of each architecture, or its error: TooLargeError if it does not even fit alone.

    Raises:
        ClusterError: If no machine has the resources of a trial, or if the GPUs have changed since
            the start.
        KeyboardInterrupt: If a signal asked to stop. The probes until then are kept.
        ProbeError: If no process could start.
    """
    pull_probes(session.storage)
    wanted = distinct_architectures(trials)
    with Probers(session, listener.waits) as probers:
        device = probers.find_device()
        known: dict[str, Probe] = {}
        if device is not None and not anew:
            known = _job(session, probers, num_trials).find_known(wanted, device)
        outcomes: dict[str, Outcome] = {}
        if known.keys() != wanted.keys():
            if session.machines.address is None and not probers.on_gpu:
                # All load their libraries at once. On a cluster, each may need one machine more.
                _job(session, probers, num_trials).start(len(wanted))
            device = probers.ask_device()
            job = _job(session, probers, num_trials)
            known = {} if anew else job.find_known(wanted, device)
            lacking = {name: trial for name, trial in wanted.items() if name not in known}
            if lacking:
                listener.measured(0, len(lacking))
            outcomes = job.measure(lacking, lambda n: listener.measured(n, len(lacking)))
    return known | outcomes


def _job(session: TrainingSession, probers: Probers, num_trials: int) -> "_Job":
    capacity = find_capacity(session, {})
    check_kind(capacity.on_gpu, was_gpu=probers.on_gpu)
    if probers.on_gpu:
        return _Job(session, probers, capacity, (1,))
    num_slots = session.machines.num_slots or num_trials
    num_on_device = math.ceil(min(num_trials, num_slots) / capacity.num_devices)
    most = min(capacity.num_cores, num_on_device)
    return _Job(session, probers, capacity, tuple(_halvings(most)))


@dataclass(frozen=True)
class _Job:
    """How to measure: `levels` says beside how many on a device, from most to one alone."""

    session: TrainingSession
    probers: Probers
    capacity: Capacity
    levels: tuple[int, ...]

    def find_known(self, wanted: Mapping[str, Trial], device: str) -> dict[str, Probe]:
        """Read the stored probes that a new measurement, beside as many others, would repeat."""
        found = {name: self._find_probe(name, device) for name in wanted}
        return {name: probe for name, probe in found.items() if probe}

    def _find_probe(self, name: str, device: str) -> Probe | None:
        """Read the probe beside most others; None if it is outdated, or more might fit now."""
        for level in self.levels:
            probe = find_probe(
                name,
                device,
                level,
                self.session.storage,
                is_deterministic=self.session.machines.is_deterministic,
            )
            if probe and probe.torch == torch_version():
                fit = max(1, count_at_once(probe, self.capacity))
                first = next(level for level in self.levels if level <= fit)
                return probe if level >= first else None
        return None

    def measure(
        self, lacking: Mapping[str, Trial], on_measured: Callable[[int], None]
    ) -> dict[str, Outcome]:
        """Measure architectures; measure those that do not fit at a level at the next level."""
        outcomes: dict[str, Outcome] = {}
        for level in self.levels:
            pending = {name: lacking[name] for name in lacking if _may_fit(outcomes.get(name))}
            if not pending:
                break
            if outcomes:
                self.probers.end()
            self._start(level, len(pending))
            for name, outcome in self._measure_at(level, pending):
                outcomes[name] = outcome
                on_measured(sum(isinstance(one, Probe) for one in outcomes.values()))
        return outcomes

    def start(self, num_wanted: int) -> None:
        """Start the processes that measure first, beside most others."""
        self._start(self.levels[0], num_wanted)

    def _start(self, level: int, num_pending: int) -> None:
        """Start as many probers as are useful; each claims its part of the memory."""
        there = count_resources(self.session.machines.gpu_kind)
        resources = resources_of_trial(self.session.machines, there)
        num_places = count_requested(self.session.machines, there, resources, MAX_REQUESTED)
        num_places = max(1, num_places)  # wait for a machine that was just lost
        wanted = num_pending if self.probers.on_gpu else level * self.capacity.num_devices
        self.probers.start(min(wanted, num_places) - self.probers.num_living, self._cap_mib(level))

    def _cap_mib(self, level: int) -> float | None:
        return None if self.probers.on_gpu else self.capacity.memory_mib / level

    def _measure_at(
        self, level: int, pending: Mapping[str, Trial]
    ) -> Iterator[tuple[str, Outcome]]:
        """Yield the outcome of each; others keep training until the last has its outcome."""
        surroundings = ProbeSetting(level, self._cap_mib(level))
        losses = _Losses(is_last_level=level == self.levels[-1])
        first, again, lacking = deque(pending), cycle(pending), set(pending)
        while lacking:
            prober, name, outcome = self.probers.next()
            if name in lacking and losses.is_tried_again(name, outcome):
                first.appendleft(name)
            elif name in lacking:
                lacking.remove(name)
                yield name, self._kept(outcome)
            if prober is not None:  # busy to the last, as the busy are those that are ended
                coming = first.popleft() if first else next(again)
                self.probers.send(prober, coming, pending[coming], surroundings)
            elif lacking:
                self.probers.start(1, surroundings.cap_mib)

    def _kept(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Probe):
            path = remember_probe(outcome, self.session.storage)
            publish_file(self.session.storage, path)
        return outcome


@dataclass
class _Losses:
    """How often each architecture was lost at a level, with its machine or because of storage.

    A lost process may have been killed for memory. So if a next level gives more memory, the second
    loss at this level is the last one. If a machine gave up on the storage, the study is refused,
    and nothing waits for storage again.
    """

    is_last_level: bool
    counts: Counter[str] = field(default_factory=Counter)
    has_storage: bool = True

    def is_tried_again(self, name: str, outcome: Outcome) -> bool:
        """Count a lost architecture; return whether to measure it again at this level."""
        is_unreached = isinstance(outcome, UnreachedStorageError)
        if not (is_unreached or _is_lost(outcome)):
            return False
        self.counts[name] += 1
        if is_unreached:
            self.has_storage &= self.counts[name] <= MAX_LOSSES
            return self.has_storage
        return self.counts[name] <= (MAX_LOSSES if self.is_last_level else 1)


def _halvings(most: int) -> Iterator[int]:
    """Yield a number, then half of it, rounded up, and so on down to one."""
    while most > 1:
        yield most
        most = math.ceil(most / 2)
    yield 1


def reason_of(error: Outcome) -> str:
    """Say why a trial could not be measured; leave out what Ray adds to a trial's own error."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    return f"{type(cause).__name__}: {cause}"


def _may_fit(outcome: Outcome | None) -> bool:
    """Whether to measure an architecture beside fewer: it ran out of memory, or was lost."""
    return outcome is None or _is_lost(outcome) or isinstance(outcome, TooLargeError)


def _is_lost(outcome: Outcome) -> bool:
    """Whether an architecture was lost with its process, without an error of its own."""
    return isinstance(outcome, RayError) and not isinstance(outcome, RayTaskError)
