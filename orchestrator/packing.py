"""How many trials share a device, by the memory that they were measured to take."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
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

ACCELERATOR = "accelerator_type:"
"""How Ray's resource begins that names the kind of a machine's GPUs."""

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
        ClusterError: As `capacity_of` does.
    """
    import ray  # which the driver loads only to train

    return capacity_of(ray.nodes(), session.machines, probes)


def capacity_of(
    nodes: Iterable[Mapping[str, Any]], machines: Machines, probes: Mapping[str, Probe]
) -> Capacity:
    """Return what machines have; where they differ, what the least of those that count has.

    Where there is no GPU, machines that are too small do not count: those in which the largest
    trial does not fit, and those for the sake of which all others would take fewer. Ray gives
    them a trial all the same where they have its share of memory. Of a GPU machine's memory a
    trial claims nothing of Ray, so there all count.

    Args:
        nodes: The machines, as `ray.nodes` lists them. Their memory is what was free when Ray
            started there, without what Ray keeps for its object store.
        machines: Which of them may train, and on what.
        probes: Know how much memory trials need, and a GPU has.

    Raises:
        ClusterError: If no machine has what a trial takes, if there are several kinds of GPU, or if
            trials were measured on the CPU and there are GPUs now, or the other way round.
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
    for probe in probes.values():
        check_kind(on_gpu, was_gpu=probe.device_memory_mib is not None)
    if on_gpu:
        _check_gpus(usable)
    hosts = [_host_of(one, on_gpu) for one in usable]
    if not on_gpu:
        largest_mib = max((probe.memory_mib for probe in probes.values()), default=0.0)
        hosts = _that_count(hosts, _with_margin(largest_mib))
    host_mib = min(host.memory_mib for host in hosts)
    gpu_mib = min((p.device_memory_mib or 0.0 for p in probes.values()), default=0.0)
    return Capacity(
        on_gpu=on_gpu,
        num_devices=sum(host.num_devices for host in hosts),
        memory_mib=gpu_mib if on_gpu else host_mib,
        num_cores=min(host.num_cores for host in hosts),
        host_memory_mib=host_mib if on_gpu else math.inf,
    )


def check_kind(is_gpu: bool, *, was_gpu: bool) -> None:
    """Make sure that what trials would train on now is what they are measured on.

    Raises:
        ClusterError: If GPUs came or went meanwhile, as when a cluster had no machine yet.
    """
    if is_gpu == was_gpu:
        return
    if was_gpu:
        problem = "trials are measured on a GPU, but the machines there now have none"
    else:
        problem = (
            "trials are measured on a CPU, but the machines there now have GPUs: they came "
            "meanwhile, or PyTorch cannot use them (it needs a driver of 580 or later)"
        )
    raise ClusterError(f"{problem}; say which to use: --device gpu or --device cpu")


class _Host(NamedTuple):
    """A machine: its devices, and what each of them has of its memory and its cores."""

    num_devices: int
    memory_mib: float
    num_cores: int


def _host_of(resources: Mapping[str, float], on_gpu: bool) -> _Host:
    num = int(resources["GPU"]) if on_gpu else 1
    return _Host(num, resources["memory"] / num / 2**20, max(1, int(resources["CPU"]) // num))


def _that_count(hosts: Sequence[_Host], need_mib: float) -> list[_Host]:
    """Return the machines that have most together if each counts as the least of them.

    None is too small for the largest trial, unless all are. Memory and cores are told in parts of
    those of the greatest machine; what a machine has less of it decides.
    """
    most_mib = max(host.memory_mib for host in hosts)
    fit = [host for host in hosts if host.memory_mib >= min(need_mib, most_mib)]
    most_cores = max(host.num_cores for host in fit)

    def at_least(least: tuple[float, int]) -> list[_Host]:
        return [host for host in fit if host.memory_mib >= least[0] and host.num_cores >= least[1]]

    def worth(least: tuple[float, int]) -> tuple[float, int]:
        num = len(at_least(least))
        return num * min(least[0] / most_mib, least[1] / most_cores), num

    leasts = product({host.memory_mib for host in fit}, {host.num_cores for host in fit})
    return at_least(max(leasts, key=worth))


def _check_gpus(usable: Iterable[Mapping[str, float]]) -> None:
    """Make sure that GPUs are of one kind, where Ray knows it.

    Raises:
        ClusterError: If they are not: what was measured on one does not hold for another.
    """
    names = {name for one in usable for name in one if name.startswith(ACCELERATOR)}
    kinds = {name.removeprefix(ACCELERATOR) for name in names}
    if len(kinds) > 1:
        raise ClusterError(
            f"the machines have GPUs of several kinds ({', '.join(sorted(kinds))}), but trials are "
            "measured on one; use machines with one kind of GPU, or --no-measure"
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
    need_mib = _with_margin(measured_mib)
    if need_mib > memory_mib:
        return 0
    return max(1, math.floor(memory_mib * (1 - MARGIN) / need_mib))


def _with_margin(measured_mib: float) -> float:
    return measured_mib * (1 + MARGIN)


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
    need_mib, there_mib = _with_margin(_need_mib(probe)), capacity.memory_mib
    if capacity.on_gpu and need_mib <= there_mib:
        where = "a GPU's share of its machine"
        need_mib, there_mib = _with_margin(probe.memory_mib), capacity.host_memory_mib
    return (
        f"needs {need_mib:,.0f} MiB with batches of {size} utterances, but {where} has "
        f"{there_mib:,.0f} MiB for it"
    )
