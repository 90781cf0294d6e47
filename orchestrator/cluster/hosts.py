"""The machines on which trials may train: which of them count, and what each device has."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from orchestrator.cluster.machines import Machines, gpu_kind_of, resources_of_trial


def usable_machines(
    nodes: Iterable[Mapping[str, Any]], machines: Machines
) -> tuple[bool, list[Mapping[str, float]]]:
    """Return whether trials use GPUs, and the resources of each machine that could train one."""
    there = [node["Resources"] for node in nodes if node["Alive"]]
    num_gpus = sum(int(one.get("GPU", 0)) for one in there)
    on_gpu = "gpu" in resources_of_trial(machines, {"GPU": num_gpus})
    kinds = ("CPU", "GPU") if on_gpu else ("CPU",)
    return on_gpu, [
        one
        for one in there
        if all(one.get(kind, 0) >= 1 for kind in kinds)
        and machines.gpu_kind in (None, gpu_kind_of(one))
    ]


class Host(NamedTuple):
    """A machine: its devices, and each device's part of its memory and its cores."""

    num_devices: int
    memory_mib: float
    num_cores: int


def host_of(resources: Mapping[str, float], *, on_gpu: bool) -> Host:
    """Divide a machine among its GPUs; a GPU without a core does not count."""
    num = min(int(resources["GPU"]), int(resources["CPU"])) if on_gpu else 1
    return Host(num, resources["memory"] / num / 2**20, max(1, int(resources["CPU"]) // num))


def choose_hosts(hosts: Sequence[Host], need_mib: float) -> list[Host]:
    """Return the machines that have most in total if each counts as the smallest of them.

    No machine is too small for the largest trial, unless all are. Memory and cores are compared as
    fractions of the largest machine's; the smaller of the two fractions decides.
    """
    most_mib = max(host.memory_mib for host in hosts)
    fit = [host for host in hosts if host.memory_mib >= min(need_mib, most_mib)]
    most_cores = max(host.num_cores for host in fit)

    def at_least(least: tuple[float, int]) -> list[Host]:
        return [host for host in fit if host.memory_mib >= least[0] and host.num_cores >= least[1]]

    def worth(least: tuple[float, int]) -> tuple[float, int]:
        num = len(at_least(least))
        return num * min(least[0] / most_mib, least[1] / most_cores), num

    leasts = product({host.memory_mib for host in fit}, {host.num_cores for host in fit})
    return at_least(max(leasts, key=worth))
