"""Processes that measure trials, each with the resources of one: actors of Ray."""

import math
import signal
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import ray
from ray.exceptions import RayError, RayTaskError

from orchestrator.cluster.assignment import MAX_LOSSES
from orchestrator.cluster.machines import ACCELERATOR, NAMES, gpu_kind_of, resources_of_trial
from orchestrator.cluster.session import TrainingSession
from orchestrator.cluster.stop_signals import Terminated
from orchestrator.errors import ProbeError
from orchestrator.forecast.scratch import (
    remove_abandoned_scratch,
    remove_scratch,
    scratch_folder,
)
from orchestrator.storage.driver import this_driver
from orchestrator.storage.mirror import place_of
from orchestrator.storage.publish import publish_file
from orchestrator.storage.reach import reach_storage
from reports.ledger.probe import Probe, find_device, remember_device
from search_spaces.trial import Trial

if TYPE_CHECKING:  # the driver can do without
    import torch

LOOK_S = 0.5
"""How often it is seen whether a signal came."""

END_S = 10.0
"""How long the end of processes is waited for."""

PLACE_S = 10.0
"""After so long without a process to measure in, the user is told what is waited for."""


class ProbeSetting(NamedTuple):
    """Beside how many a trial is measured, itself among them, and in how much memory."""

    num_at_once: int
    cap_mib: float | None


class WorkerInfo(NamedTuple):
    """What a prober says when it is there: its device, named as in records, and its node of Ray."""

    device: str
    node_id: str


class Prober:
    """Measures one trial after another, for a driver; an actor."""

    def __init__(self, place: str, driver: str, on_gpu: bool, is_deterministic: bool) -> None:
        self._place = place
        self._driver = driver
        self._on_gpu = on_gpu
        self._is_deterministic = is_deterministic
        self._is_warm = False

    def greet(self) -> WorkerInfo:
        """Say where it is."""
        from orchestrator.trial.run import device_name

        return WorkerInfo(device_name(self._device()), ray.get_runtime_context().get_node_id())

    def probe(self, trial: Trial, surroundings: ProbeSetting) -> Probe:
        """Measure a trial; the first one twice, as libraries load with it.

        Raises:
            TooLargeError: If whole batches do not fit into memory.
            UnreachedStorageError: If this machine does not reach the storage.
        """
        from orchestrator.cluster.memory_cap import cap_memory
        from orchestrator.forecast.probe_trial import probe_trial

        num_at_once, cap_mib = surroundings
        storage, device = reach_storage(self._place, trial), self._device()
        remove_abandoned_scratch(storage)
        cap_memory(device, cap_mib)
        for _ in range(1 if self._is_warm else 2):
            with scratch_folder(storage, self._driver) as folder:
                probe = probe_trial(
                    trial,
                    storage,
                    folder,
                    device=device,
                    num_at_once=num_at_once,
                    is_deterministic=self._is_deterministic,
                )
        self._is_warm = True
        return probe

    def _device(self) -> "torch.device":
        import torch

        from corpora.device import default_device
        from orchestrator.cluster.memory_cap import expand_segments

        expand_segments()
        return default_device() if self._on_gpu else torch.device("cpu")


class Answer(NamedTuple):
    """What a prober answers: for an architecture a probe or an error, else a greeting or an error.

    `prober` is None where it met an error: it is no more, as after some, such as a lack of memory,
    whatever came next would fail in it too.
    """

    prober: Any
    architecture: str | None
    outcome: Any


class Probers:
    """Processes that measure; all of them have ended when it is closed."""

    def __init__(self, session: TrainingSession, on_waiting: Callable[[str], None]) -> None:
        """Start none yet; `on_waiting` is told what is waited for if one takes long to start."""
        self._session = session
        self._on_waiting = on_waiting
        self._place = place_of(session.storage)
        self._driver = this_driver()
        self._num_lost_starts = 0
        resources = resources_of_trial(session.machines, ray.cluster_resources())
        self.on_gpu = "gpu" in resources
        self._gpu_kind = session.machines.gpu_kind
        self._actor = ray.remote(
            num_cpus=resources["cpu"],
            num_gpus=resources.get("gpu", 0),
            resources={name: num for name, num in resources.items() if name not in NAMES},
            max_restarts=0,
        )(Prober)
        self._busy: dict[ray.ObjectRef, tuple[Any, str | None]] = {}

    def __enter__(self) -> "Probers":
        remove_abandoned_scratch(self._session.storage)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        remove_scratch(self._session.storage, self._driver)

    @property
    def num_living(self) -> int:
        """How many are at work, or start."""
        return len(self._busy)

    def find_device(self) -> str | None:
        """Name the device by what the ledger remembers of a machine that is there; start none.

        Raises:
            LedgerError: If that is damaged.
        """
        kinds = ("CPU", "GPU") if self.on_gpu else ("CPU",)
        for node in ray.nodes():
            there = node["Resources"]
            has_all = all(there.get(kind, 0) >= 1 for kind in kinds)
            is_wanted = self._gpu_kind in (None, gpu_kind_of(there))
            if node["Alive"] and has_all and is_wanted:
                device = find_device(machine_of(node, self.on_gpu), self._session.storage)
                if device is not None:
                    return device
        return None

    def ask_device(self) -> str:
        """Start one, and let it name its device, which the ledger remembers; it stays.

        Raises:
            KeyboardInterrupt, ProbeError: As `next`.
            OSError: If the bucket could not be reached for long.
        """
        self.start(1)
        while (answer := self.next()).prober is None:
            self.start(1)
        self.greet(answer.prober)
        device, node_id = answer.outcome
        for node in ray.nodes():
            if node["NodeID"] == node_id:
                machine = machine_of(node, self.on_gpu)
                path = remember_device(machine, device, self._session.storage)
                publish_file(self._session.storage, path)
        return str(device)

    def start(self, count: int, memory_mib: float | None = None) -> None:
        """Start some, which claim so much of a machine's memory; each greets."""
        memory = None if memory_mib is None else int(memory_mib * 2**20)
        is_deterministic = self._session.machines.is_deterministic
        given = (self._place, self._driver, self.on_gpu, is_deterministic)
        for _ in range(count):
            self.greet(self._actor.options(memory=memory).remote(*given))

    def greet(self, prober: Any) -> None:
        """Let one say where it is, again."""
        self._busy[prober.greet.remote()] = (prober, None)

    def send(self, prober: Any, architecture: str, trial: Trial, where: ProbeSetting) -> None:
        """Let one that answered measure a trial."""
        self._busy[prober.probe.remote(trial, where)] = (prober, architecture)

    def next(self) -> Answer:
        """Wait for the next answer.

        Raises:
            KeyboardInterrupt: If a signal asked to stop.
            ProbeError: If no process could start.
        """
        prober, architecture, reference = self._wait()
        try:
            outcome = ray.get(reference)
        except RayError as error:
            if architecture is None:
                self._count_lost_start(error)
            ray.kill(prober)
            return Answer(None, architecture, error)
        self._num_lost_starts = 0
        return Answer(prober, architecture, outcome)

    def _wait(self) -> tuple[Any, str | None, ray.ObjectRef]:
        """Wait for an answer; tell, once, if none has a place yet that it could come from."""
        tell_at = time.monotonic() + PLACE_S
        while not (ready := ray.wait(list(self._busy), timeout=LOOK_S)[0]):
            if (signum := self._session.signals.seen) is not None:
                raise Terminated if signum == signal.SIGTERM else KeyboardInterrupt
            is_any_at_work = any(name is not None for _, name in self._busy.values())
            if time.monotonic() >= tell_at and not is_any_at_work:
                tell_at = math.inf
                self._on_waiting(
                    f"waits for a process to measure in, which takes a core"
                    f"{' and a GPU' if self.on_gpu else ''}"
                    f"{f' ({self._gpu_kind})' if self._gpu_kind else ''}: others may hold those "
                    "there are"
                )
        return *self._busy.pop(ready[0]), ready[0]

    def _count_lost_start(self, error: RayError) -> None:
        """Bear it that a machine is lost at once, but not again and again, and no error of ours.

        Raises:
            ProbeError: Otherwise.
        """
        self._num_lost_starts += 1
        if isinstance(error, RayTaskError) or self._num_lost_starts > MAX_LOSSES:
            raise ProbeError(f"no process could be started to measure in: {error}") from error

    def end(self) -> None:
        """End all, and wait until Ray says so; the kernel may take a moment more."""
        for prober, _ in self._busy.values():
            ray.kill(prober)
        if self._busy:
            ray.wait(list(self._busy), num_returns=len(self._busy), timeout=END_S)
        self._busy.clear()


def machine_of(node: Mapping[str, Any], on_gpu: bool) -> str:
    """Name what a node's device is known by without asking: its kind of GPU, or its host.

    Args:
        node: As `ray.nodes` lists it; Ray knows the kind of most GPUs.
        on_gpu: Whether the device is a GPU.
    """
    if not on_gpu:
        return f"CPU of {node['NodeManagerHostname']}"
    kind = gpu_kind_of(node["Resources"])
    return ACCELERATOR + kind if kind else f"GPU of {node['NodeManagerHostname']}"
