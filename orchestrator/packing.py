"""How many trials share a device, by the memory that they were measured to take."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.errors import ClusterError, FitError
from orchestrator.machines import Machines, resources_of_trial
from reports.probe import Probe, architecture_of
from search_spaces.study import RowRef
from search_spaces.trial import Trial

if TYPE_CHECKING:  # it loads Ray
    from orchestrator.training_session import TrainingSession

MARGIN = 0.1
"""By so much more a trial may take than was measured, and so much of a device stays free.

A probe sees the heaviest batches of one seed's epochs, not of all; docs/packing.md has figures.
"""

NO_ROWS: Mapping[str, RowRef] = {}


class Capacity(NamedTuple):
    """What there is to train on.

    A device is a GPU, or a whole machine where there is none; `memory_mib` is that of one device,
    `num_cores` its share of its machine's, `host_memory_mib` likewise, where the device is a GPU.
    """

    on_gpu: bool
    num_devices: int
    memory_mib: float
    num_cores: int
    host_memory_mib: float = math.inf


class Share(NamedTuple):
    """How many trials of a kind one device takes, and what each of them may take of its memory.

    On a GPU, `memory_mib` is that of PyTorch; the context of each process comes on top.
    """

    num_at_once: int
    memory_mib: float


def find_capacity(session: "TrainingSession", probes: Mapping[str, Probe]) -> Capacity:
    """Return what the machines of a session have now.

    Raises:
        ClusterError: If no machine has what a trial takes.
    """
    import ray  # which the driver loads only to train

    return capacity_of(ray.nodes(), session.machines, probes)


def capacity_of(
    nodes: Iterable[Mapping[str, Any]], machines: Machines, probes: Mapping[str, Probe]
) -> Capacity:
    """Return what machines have; where they differ, what the least of them has.

    Args:
        nodes: The machines, as `ray.nodes` lists them. Their memory is what was free when Ray
            started there, without what Ray keeps for its object store.
        machines: Which of them may train, and on what.
        probes: Know how much memory a GPU has.

    Raises:
        ClusterError: If no machine has what a trial takes.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    num_gpus = sum(int(one.get("GPU", 0)) for one in there)
    on_gpu = "gpu" in resources_of_trial(machines, {"GPU": num_gpus})
    kinds = ("CPU", "GPU") if on_gpu else ("CPU",)
    usable = [one for one in there if all(one.get(kind, 0) >= 1 for kind in kinds)]
    if not usable:
        raise ClusterError(
            f"none of {len(there)} machines has what a trial takes: a {' and a '.join(kinds)}"
        )
    devices = [max(1, int(one["GPU"])) if on_gpu else 1 for one in usable]
    shared = list(zip(usable, devices, strict=True))
    host_mib = min(one["memory"] / num for one, num in shared) / 2**20
    gpu_mib = min((p.device_memory_mib or 0.0 for p in probes.values()), default=0.0)
    return Capacity(
        on_gpu=on_gpu,
        num_devices=sum(devices),
        memory_mib=gpu_mib if on_gpu else host_mib,
        num_cores=max(1, min(int(one["CPU"]) // num for one, num in shared)),
        host_memory_mib=host_mib if on_gpu else math.inf,
    )


def pack(
    trials: Iterable[Trial],
    probes: Mapping[str, Probe],
    capacity: Capacity,
    *,
    rows: Mapping[str, RowRef] = NO_ROWS,
) -> dict[str, Share]:
    """Say of each trial, by key, how many like it a device takes at once.

    Args:
        trials: What is to be trained.
        probes: What each architecture takes; one without was too large to be measured.
        capacity: The devices.
        rows: Who asked for each trial, by key, to name it by.

    Raises:
        FitError: If a trial does not fit into a whole device; all of them are named.
    """
    shares: dict[str, Share] = {}
    faults: dict[str, str] = {}
    for trial in trials:
        architecture = architecture_of(trial)
        probe = probes.get(architecture)
        num_at_once = count_at_once(probe, capacity) if probe else 0
        if probe is None or not num_at_once:
            name = name_of(trial, rows)
            faults.setdefault(architecture, f"{name}: {_describe(probe, trial, capacity)}")
        else:
            memory_mib = capacity.memory_mib / num_at_once - (probe.gpu_context_mib or 0.0)
            shares[trial.key] = Share(num_at_once, memory_mib)
    if faults:
        raise FitError("\n".join([*faults.values(), ADVICE]))
    return shares


ADVICE = (
    "nothing was trained; use machines with more memory, a smaller model, or a smaller "
    "training.batch_size. Without measuring (--no-measure) such trials are tried in micro-batches, "
    "in which batch norm sees fewer utterances"
)


def count_at_once(probe: Probe, capacity: Capacity) -> int:
    """Return how many trials of an architecture one device takes; 0 if not even one."""
    fit = _count_in(capacity.memory_mib, _need_mib(probe))
    if capacity.on_gpu:
        fit = min(fit, _count_in(capacity.host_memory_mib, probe.memory_mib))
    return min(fit, capacity.num_cores)


def name_of(trial: Trial, rows: Mapping[str, RowRef]) -> str:
    """Name a trial by the row that asks for it, if that is known."""
    row = rows.get(trial.key)
    if row is None:
        return f"trial {trial.key}"
    return f"study '{row.study}', row '{row.row}'"


def _count_in(memory_mib: float, measured_mib: float) -> int:
    """Count how often what was measured, and a margin, fits; alone it may use the other margin."""
    need_mib = measured_mib * (1 + MARGIN)
    if need_mib > memory_mib:
        return 0
    return max(1, math.floor(memory_mib * (1 - MARGIN) / need_mib))


def _need_mib(probe: Probe) -> float:
    """Return what was measured on the device: of a GPU, or else of the machine."""
    return probe.memory_mib if probe.gpu_memory_mib is None else probe.gpu_memory_mib


def _describe(probe: Probe | None, trial: Trial, capacity: Capacity) -> str:
    """Say what a trial needs, where there is less."""
    where = "a GPU" if capacity.on_gpu else "a machine"
    size = trial.config.training.batch_size
    if probe is None:
        return (
            f"batches of {size} utterances ran out of memory when they were measured alone on "
            f"{where} with {capacity.memory_mib:,.0f} MiB"
        )
    need_mib, there_mib = _need_mib(probe) * (1 + MARGIN), capacity.memory_mib
    if capacity.on_gpu and need_mib <= there_mib:
        where = "a GPU's share of its machine"
        need_mib, there_mib = probe.memory_mib * (1 + MARGIN), capacity.host_memory_mib
    return (
        f"needs {need_mib:,.0f} MiB with batches of {size} utterances, but {where} has "
        f"{there_mib:,.0f} MiB for it"
    )
