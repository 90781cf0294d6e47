"""Processes that measure trials: Ray actors, each with the resources of one trial."""

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

if TYPE_CHECKING:  # the driver does not need them
    import torch

LOOK_S = 0.5
"""How often to check whether a signal came."""

END_S = 10.0
"""How long to wait for the end of processes."""

PLACE_S = 10.0
"""If no process can measure for this long, the user is told why."""


class ProbeSetting(NamedTuple):
    """How many trials run at once while one is measured, including itself, and its memory."""

    num_at_once: int
    cap_mib: float | None


class WorkerInfo(NamedTuple):
    """What a prober says when it has started: its device, named as in records, and its Ray node."""

    device: str
    node_id: str


class Prober:
    """An actor that measures one trial after another for a driver."""

    def __init__(self, place: str, driver: str, on_gpu: bool, is_deterministic: bool) -> None:
        self._place = place
        self._driver = driver
        self._on_gpu = on_gpu
        self._is_deterministic = is_deterministic
        self._is_warm = False

    def greet(self) -> WorkerInfo:
        """Return where it runs."""
        from orchestrator.prefixes.arithmetic import device_name

        return WorkerInfo(device_name(self._device()), ray.get_runtime_context().get_node_id())

    def probe(self, trial: Trial, surroundings: ProbeSetting) -> Probe:
        """Measure a trial; measure the first one twice, because libraries load with it.

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
    """The answer of a prober: a probe or an error if it names an architecture, else a greeting.

    Instead of a greeting, it may also be an error. After an error, `prober` is None, because the
    process has ended: after some errors, such as a lack of memory, the next trial would fail in it
    too.
    """

    prober: Any
    architecture: str | None
    outcome: Any


class Probers:
    """Processes that measure; closing ends all of them."""

    def __init__(self, session: TrainingSession, on_waiting: Callable[[str], None]) -> None:
        """Start none yet; `on_waiting` is called with the reason if one takes long to start."""
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
        """How many run or start."""
        return len(self._busy)

    def find_device(self) -> str | None:
        """Return the device's name that the ledger remembers of a running machine; start none."""
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
        """Return the name of a process's device; store it in the ledger. The process keeps running.

        If none runs, one is started.

        Raises:
            KeyboardInterrupt, ProbeError: As `next`.
            OSError: If the bucket was unreachable for too long.
        """
        if not self.num_living:
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
        """Start some, each with a claim on a machine's memory; each sends a greeting."""
        memory = None if memory_mib is None else int(memory_mib * 2**20)
        is_deterministic = self._session.machines.is_deterministic
        given = (self._place, self._driver, self.on_gpu, is_deterministic)
        for _ in range(count):
            self.greet(self._actor.options(memory=memory).remote(*given))

    def greet(self, prober: Any) -> None:
        """Ask one for its greeting again."""
        self._busy[prober.greet.remote()] = (prober, None)

    def send(self, prober: Any, architecture: str, trial: Trial, where: ProbeSetting) -> None:
        """Let one that has answered measure a trial."""
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
        """Wait for an answer; tell the user, once, if no process has a place to run yet."""
        tell_at = time.monotonic() + PLACE_S
        while not (ready := ray.wait(list(self._busy), timeout=LOOK_S)[0]):
            if (signum := self._session.signals.seen) is not None:
                raise Terminated if signum == signal.SIGTERM else KeyboardInterrupt
            is_any_at_work = any(name is not None for _, name in self._busy.values())
            if time.monotonic() >= tell_at and not is_any_at_work:
                tell_at = math.inf
                self._on_waiting(
                    f"waits for a core{' and a GPU' if self.on_gpu else ''}"
                    f"{f' ({self._gpu_kind})' if self._gpu_kind else ''}: other programs may hold "
                    "all of them"
                )
        return *self._busy.pop(ready[0]), ready[0]

    def _count_lost_start(self, error: RayError) -> None:
        """Tolerate a start that was lost with its machine, unless that happens repeatedly.

        Raises:
            ProbeError: If it happens repeatedly, or if the start failed for another reason.
        """
        self._num_lost_starts += 1
        if isinstance(error, RayTaskError) or self._num_lost_starts > MAX_LOSSES:
            raise ProbeError(f"no process could be started to measure trials: {error}") from error

    def end(self) -> None:
        """End all, and wait until Ray confirms it; the kernel may take a moment longer."""
        for prober, _ in self._busy.values():
            ray.kill(prober)
        if self._busy:
            ray.wait(list(self._busy), num_returns=len(self._busy), timeout=END_S)
        self._busy.clear()


def machine_of(node: Mapping[str, Any], on_gpu: bool) -> str:
    """Return the name under which the ledger remembers a node's device: its GPU kind or its host.

    Args:
        node: As `ray.nodes` lists it; Ray knows the kind of most GPUs.
        on_gpu: Whether the device is a GPU.
    """
    if not on_gpu:
        return f"CPU of {node['NodeManagerHostname']}"
    kind = gpu_kind_of(node["Resources"])
    return ACCELERATOR + kind if kind else f"GPU of {node['NodeManagerHostname']}"
