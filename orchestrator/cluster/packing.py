"""Decides from measured memory how many trials share a device."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.cluster.assignment import Share
from orchestrator.cluster.hosts import choose_hosts, host_of, usable_machines
from orchestrator.cluster.machines import Machines, gpu_kind_of
from orchestrator.errors import ClusterError, FitError
from reports.ledger.probe import Probe, architecture_of
from search_spaces.study import RowRef
from search_spaces.trial import Trial

if TYPE_CHECKING:  # its module loads Ray
    from orchestrator.cluster.session import TrainingSession

MARGIN = 0.1
"""How much more than measured a trial may take, and how much of a device stays free.

A probe sees the heaviest batches of one seed's epochs, not of all seeds; docs/packing.md has
figures.
"""

NO_ROWS: Mapping[str, RowRef] = {}


class Capacity(NamedTuple):
    """The devices to train on.

    A device is a GPU; without GPUs, it is a whole machine. `memory_mib` is the memory of one
    device. `num_cores` is its share of its machine's cores. For a GPU, `host_memory_mib` is its
    share of its machine's memory. `gpu_kind` is the kind of all these GPUs; None if there are not
    several kinds.
    """

    on_gpu: bool
    num_devices: int
    memory_mib: float
    num_cores: int
    host_memory_mib: float = math.inf
    gpu_kind: str | None = None


class Measured(NamedTuple):
    """Devices of one kind, and the probes of architectures there; one without was too large."""

    capacity: Capacity
    probes: Mapping[str, Probe]


def find_capacity(session: "TrainingSession", probes: Mapping[str, Probe]) -> Capacity:
    """Return the devices that the machines of a session have now.

    Raises:
        ClusterError: As `capacity_of` does.
    """
    import ray  # the driver loads it only to train

    return capacity_of(ray.nodes(), session.machines, probes)


def capacity_of(
    nodes: Iterable[Mapping[str, Any]], machines: Machines, probes: Mapping[str, Probe]
) -> Capacity:
    """Return the devices of machines; if machines differ, use the values of the smallest.

    Without GPUs, machines that are too small do not count: those too small for the largest trial,
    and those because of which all others would take fewer trials. Ray still gives them a trial if
    they have its share of memory. With GPUs, all machines count, because a trial claims no host
    memory from Ray.

    Args:
        nodes: The machines, as `ray.nodes` lists them. Their memory is what was free when Ray
            started there, without Ray's object store.
        machines: Which of them may train, and on what.
        probes: They say how much memory trials need, and how much a GPU has.

    Raises:
        ClusterError: If no machine has the resources of a trial; if there are several kinds of GPU
            and `machines` names none; or if trials were measured on the CPU and there are GPUs now,
            or the other way round.
    """
    nodes = list(nodes)
    on_gpu, usable = usable_machines(nodes, machines)
    if not usable:
        takes = f"a CPU{' and a GPU' if on_gpu else ''}{_of_kind(machines.gpu_kind)}"
        num = sum(1 for node in nodes if node["Alive"])
        raise ClusterError(f"none of {num} machines has what a trial needs: {takes}")
    for probe in probes.values():
        check_kind(on_gpu, was_gpu=probe.device_memory_mib is not None)
    if on_gpu and machines.gpu_kind is None:
        _check_gpus(usable)
    hosts = [host_of(one, on_gpu=on_gpu) for one in usable]
    if not on_gpu:
        largest_mib = max((probe.memory_mib for probe in probes.values()), default=0.0)
        hosts = choose_hosts(hosts, _with_margin(largest_mib))
    host_mib = min(host.memory_mib for host in hosts)
    gpu_mib = min((p.device_memory_mib or 0.0 for p in probes.values()), default=0.0)
    return Capacity(
        on_gpu=on_gpu,
        num_devices=sum(host.num_devices for host in hosts),
        memory_mib=gpu_mib if on_gpu else host_mib,
        num_cores=min(host.num_cores for host in hosts),
        host_memory_mib=host_mib if on_gpu else math.inf,
        gpu_kind=machines.gpu_kind,
    )


def check_kind(is_gpu: bool, *, was_gpu: bool) -> None:
    """Make sure that trials train on the kind of device that they are measured on.

    Raises:
        ClusterError: If GPUs came or went, for example because the cluster had no machine yet.
    """
    if is_gpu == was_gpu:
        return
    if was_gpu:
        problem = "trials are measured on a GPU, but the machines now have none"
    else:
        problem = (
            "trials are measured on a CPU, but the machines now have GPUs: they were added "
            "meanwhile, or PyTorch cannot use them (it needs a driver of 580 or later)"
        )
    raise ClusterError(f"{problem}; choose --device gpu or --device cpu")


def _check_gpus(usable: Iterable[Mapping[str, float]]) -> None:
    """Make sure that all GPUs are of one kind, as far as Ray knows.

    Raises:
        ClusterError: If they are not: measurements on one kind are not valid for another.
    """
    kinds = {kind for one in usable if (kind := gpu_kind_of(one))}
    if len(kinds) > 1:
        raise ClusterError(
            f"GPUs of another kind came while trials were measured: now there are several kinds "
            f"({', '.join(sorted(kinds))}); run the same command again to measure on each"
        )


def pack(
    trials: Iterable[Trial],
    probes: Mapping[str, Probe],
    capacity: Capacity,
    *,
    rows: Mapping[str, RowRef] = NO_ROWS,
) -> dict[str, Share]:
    """Return each trial's share, by key: how many trials like it a device takes at once.

    Args:
        trials: The trials to train.
        probes: What each architecture takes; one without a probe was too large to be measured.
        capacity: The devices.
        rows: The row that asked for each trial, by key; errors name the trial by it.

    Raises:
        FitError: If a trial does not fit into a whole device; all of them are named.
    """
    packed = pack_on_kinds(trials, [Measured(capacity, probes)], rows=rows)
    return {key: share for key, (share,) in packed.items()}


def pack_on_kinds(
    trials: Iterable[Trial], kinds: Sequence[Measured], *, rows: Mapping[str, RowRef] = NO_ROWS
) -> dict[str, tuple[Share, ...]]:
    """Return each trial's shares, by key: one for each kind of device that it fits into.

    Raises:
        FitError: If a trial fits into no kind; all of them are named.
    """
    shares: dict[str, tuple[Share, ...]] = {}
    faults: dict[str, str] = {}
    for trial in trials:
        found = (_share_of(trial, *kind) for kind in kinds)
        shares[trial.key] = tuple(share for share in found if share)
        if not shares[trial.key]:
            why = "; ".join(why_too_large(trial, *kind) for kind in kinds)
            faults.setdefault(architecture_of(trial), f"{name_of(trial, rows)}: {why}")
    if faults:
        raise FitError("\n".join([*faults.values(), ADVICE]))
    return shares


def _share_of(trial: Trial, capacity: Capacity, probes: Mapping[str, Probe]) -> Share | None:
    """Return a trial's share of a device; None if it does not fit."""
    probe = probes.get(architecture_of(trial))
    num_at_once = count_at_once(probe, capacity) if probe else 0
    if probe is None or not num_at_once:
        return None
    return share_among(num_at_once, probe, capacity)


def share_among(num_at_once: int, probe: Probe, capacity: Capacity) -> Share:
    """Return the share of each of several equal trials on one device; their probe is known."""
    memory_mib = capacity.memory_mib / num_at_once - (probe.gpu_context_mib or 0.0)
    return Share(num_at_once, memory_mib, capacity.gpu_kind)


ADVICE = (
    "nothing was trained; use machines with more memory, a smaller model, or a smaller "
    "training.batch_size. With --no-measure, such trials train in micro-batches, in which batch "
    "norm sees fewer utterances"
)


def count_at_once(probe: Probe, capacity: Capacity) -> int:
    """Return how many trials of an architecture one device takes; 0 if not even one."""
    fit = _count_in(capacity.memory_mib, peak_mib(probe))
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
    """Count how often the measured memory and a margin fit; a single trial may use both margins."""
    need_mib = _with_margin(measured_mib)
    if need_mib > memory_mib:
        return 0
    return max(1, math.floor(memory_mib * (1 - MARGIN) / need_mib))


def _with_margin(measured_mib: float) -> float:
    return measured_mib * (1 + MARGIN)


def peak_mib(probe: Probe) -> float:
    """Return the memory measured on the device: on the GPU, or else on the machine."""
    return probe.memory_mib if probe.gpu_memory_mib is None else probe.gpu_memory_mib


def why_too_large(trial: Trial, capacity: Capacity, probes: Mapping[str, Probe]) -> str:
    """Say how much memory a trial needs, and how much there is."""
    probe = probes.get(architecture_of(trial))
    of_kind = _of_kind(capacity.gpu_kind)
    where = f"a GPU{of_kind}" if capacity.on_gpu else "a machine"
    size = trial.config.training.batch_size
    if probe is None:
        told = capacity.memory_mib  # for a GPU, known from the trials that fit
        return (
            f"batches of {size} utterances ran out of memory when they were measured alone on "
            f"{where}{f' with {told:,.0f} MiB' if told else ''}"
        )
    need_mib, there_mib = _with_margin(peak_mib(probe)), capacity.memory_mib
    if capacity.on_gpu and need_mib <= there_mib:
        where = f"a GPU's share of its machine{of_kind}"
        need_mib, there_mib = _with_margin(probe.memory_mib), capacity.host_memory_mib
    return (
        f"needs {need_mib:,.0f} MiB with batches of {size} utterances, but {where} has "
        f"{there_mib:,.0f} MiB for it"
    )


def _of_kind(gpu_kind: str | None) -> str:
    return "" if gpu_kind is None else f" ({gpu_kind})"
