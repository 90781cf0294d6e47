"""What training needs while it runs: Ray, leases on trials, and the handling of signals."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cluster.machines import Machines
from orchestrator.cluster.ray_session import ray_session
from orchestrator.cluster.stop_signals import StopSignals
from orchestrator.storage.leases import Leases
from orchestrator.storage.objects import store_of


@dataclass(frozen=True)
class TrainingSession:
    """An open session: Ray runs, `leases` are this driver's, `signals` notes a signal to stop."""

    storage: Path
    machines: Machines
    leases: Leases
    signals: StopSignals


@contextmanager
def training_session(storage: Path, machines: Machines) -> Iterator[TrainingSession]:
    """Start Ray, or join a cluster, to measure and train there.

    The leases stay open until no worker is left.

    Raises:
        ClusterError: If there is no cluster at the address.
    """
    leases = Leases(store_of(storage))
    num_cpus = machines.num_slots if machines.address is None else None
    started = ray_session(
        storage, address=machines.address, num_cpus=num_cpus, memory_mib=machines.memory_mib
    )
    with leases, started, StopSignals() as signals:
        yield TrainingSession(storage, machines, leases, signals)
