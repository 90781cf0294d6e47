"""Processes that measure trials, each with the resources of one: actors of Ray."""

import secrets
import shutil
import signal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import ray
from ray.exceptions import RayError

from orchestrator.errors import ProbeError
from orchestrator.machines import reach_storage, resources_of_trial
from orchestrator.mirrored_files import place_of
from orchestrator.stop_signals import Terminated
from orchestrator.training_session import TrainingSession
from reports.probe import FOLDER, Probe
from search_spaces.trial import Trial

if TYPE_CHECKING:  # the driver can do without
    import torch

LOOK_S = 0.5
"""How often it is seen whether a signal came."""

END_S = 10.0
"""How long the end of processes is waited for."""


class Surroundings(NamedTuple):
    """Beside how many a trial is measured, itself among them, and in how much memory."""

    num_at_once: int
    cap_mib: float | None


class Prober:
    """Measures one trial after another; an actor."""

    def __init__(self, place: str, scratch: str, on_gpu: bool) -> None:
        self._place = place
        self._scratch = scratch
        self._on_gpu = on_gpu
        self._is_warm = False

    def tell_device(self) -> str:
        """Name the device, as records do."""
        from orchestrator.run_trial import device_name

        return device_name(self._device())

    def probe(self, trial: Trial, surroundings: Surroundings) -> Probe:
        """Measure a trial; the first one twice, as libraries load with it.

        Raises:
            TooLargeError: If whole batches do not fit into memory.
        """
        from orchestrator.memory_cap import cap_memory
        from orchestrator.probe_trial import probe_trial

        num_at_once, cap_mib = surroundings
        storage, device = reach_storage(self._place, trial), self._device()
        scratch = storage / FOLDER / self._scratch
        scratch.mkdir(parents=True, exist_ok=True)
        cap_memory(device, cap_mib)
        for _ in range(1 if self._is_warm else 2):
            with TemporaryDirectory(dir=scratch) as folder:
                probe = probe_trial(
                    trial, storage, Path(folder), device=device, num_at_once=num_at_once
                )
        self._is_warm = True
        return probe

    def _device(self) -> "torch.device":
        import torch

        from orchestrator.run_trial import default_device

        return default_device() if self._on_gpu else torch.device("cpu")


class Answer(NamedTuple):
    """What a prober answers: for an architecture a probe or an error, else its device's name.

    `prober` is None where it met an error: it is no more, as after some, such as a lack of memory,
    whatever came next would fail in it too.
    """

    prober: Any
    architecture: str | None
    outcome: Any


class Probers:
    """Processes that measure; all of them have ended when it is closed."""

    def __init__(self, session: TrainingSession) -> None:
        self._session = session
        self._place = place_of(session.storage)
        self._scratch = f".scratch-{secrets.token_hex(4)}"
        resources = resources_of_trial(session.machines, ray.cluster_resources())
        self.on_gpu = "gpu" in resources
        self._actor = ray.remote(
            num_cpus=resources["cpu"], num_gpus=resources.get("gpu", 0), max_restarts=0
        )(Prober)
        self._busy: dict[ray.ObjectRef, tuple[Any, str | None]] = {}

    def __enter__(self) -> "Probers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        shutil.rmtree(self._session.storage / FOLDER / self._scratch, ignore_errors=True)

    @property
    def num_living(self) -> int:
        """How many are at work, or start."""
        return len(self._busy)

    def start(self, count: int, memory_mib: float | None = None) -> None:
        """Start some, which claim so much of a machine's memory; each names its device."""
        memory = None if memory_mib is None else int(memory_mib * 2**20)
        for _ in range(count):
            place, scratch = self._place, self._scratch
            self.greet(self._actor.options(memory=memory).remote(place, scratch, self.on_gpu))

    def greet(self, prober: Any) -> None:
        """Ask one for its device, again."""
        self._busy[prober.tell_device.remote()] = (prober, None)

    def send(self, prober: Any, architecture: str, trial: Trial, where: Surroundings) -> None:
        """Let one that answered measure a trial."""
        self._busy[prober.probe.remote(trial, where)] = (prober, architecture)

    def next(self) -> Answer:
        """Wait for the next answer.

        Raises:
            KeyboardInterrupt: If a signal asked to stop.
            ProbeError: If a process could not start.
        """
        while not (ready := ray.wait(list(self._busy), timeout=LOOK_S)[0]):
            if (signum := self._session.signals.seen) is not None:
                raise Terminated if signum == signal.SIGTERM else KeyboardInterrupt
        prober, architecture = self._busy.pop(ready[0])
        try:
            return Answer(prober, architecture, ray.get(ready[0]))
        except RayError as error:
            if architecture is None:
                raise ProbeError(f"no process could be started to measure in: {error}") from error
            ray.kill(prober)
            return Answer(None, architecture, error)

    def end(self) -> None:
        """End all, and wait until their memory is free."""
        for prober, _ in self._busy.values():
            ray.kill(prober)
        if self._busy:
            ray.wait(list(self._busy), num_returns=len(self._busy), timeout=END_S)
        self._busy.clear()
