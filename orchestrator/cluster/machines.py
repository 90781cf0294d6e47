"""On which machines a sweep trains, and how many trials it asks for at once."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from orchestrator.cluster.assignment import Share
from orchestrator.errors import ClusterError

Device = Literal["auto", "cpu", "gpu"]

MAX_REQUESTED = 256
"""Trials that a cluster is asked to place at once."""

NAMES = {"cpu": "CPU", "gpu": "GPU", "memory": "memory"}
"""What Ray calls the resources of a machine, by what Tune calls those of a trial."""

ACCELERATOR = "accelerator_type:"
"""How Ray's resource begins that names the kind of a machine's GPUs."""

PART_OF_KIND = 0.001
"""What a trial takes of that resource, of which a machine has 1: as little as Ray itself asks."""

RAY_UNITS = 10_000
"""Ray divides a resource into so many parts at most."""

NUM_WITHOUT_PLACE = 8
"""How many of them have no place yet: they make it grow. The rest is left to other drivers."""


class Machines(NamedTuple):
    """Which machines train; the defaults are this machine, its GPUs or else its cores.

    `address` is that of a Ray cluster, or `auto`; `num_slots` the trials at once; `memory_mib` what
    they may take of this machine's memory together, by default what is free. With
    `is_deterministic` trials use algorithms only that give equal results each time. Of a cluster
    with GPUs of several kinds, `gpu_kind` leaves the machines with one of them.
    """

    address: str | None = None
    device: Device = "auto"
    num_slots: int | None = None
    memory_mib: float | None = None
    is_deterministic: bool = False
    gpu_kind: str | None = None


THIS_MACHINE = Machines()


def resources_of_trial(
    machines: Machines, there: Mapping[str, float], share: Share | None = None
) -> dict[str, float]:
    """Return what a trial takes of a machine: a core, and a GPU where there are any.

    With a share it takes a part of the GPU; where there is none, of the machine's memory. Where
    GPUs are of several kinds it also asks for its own.

    Args:
        machines: Where to train.
        there: What the cluster, or this machine, has now, by kind: `CPU`, `GPU`.
        share: How many trials like it share a device.

    Raises:
        ClusterError: If this machine lacks the GPU asked for. A cluster may get one.
    """
    has_gpu = there.get("GPU", 0) >= 1
    if machines.device == "gpu" and machines.address is None and not has_gpu:
        raise ClusterError("this machine has no GPU that can be used; leave out --device gpu")
    takes_gpu = machines.device == "gpu" or (machines.device == "auto" and has_gpu)
    if takes_gpu:
        kind = share.gpu_kind if share else machines.gpu_kind
        of_kind = {} if kind is None else {ACCELERATOR + kind: PART_OF_KIND}
        return {"cpu": 1.0, "gpu": part_of_gpu(share.num_at_once) if share else 1.0, **of_kind}
    return {"cpu": 1.0, "memory": int(share.memory_mib * 2**20)} if share else {"cpu": 1.0}


def gpu_kind_of(resources: Mapping[str, float]) -> str | None:
    """Name the kind of a machine's GPUs, if Ray knows it; it does of most."""
    kinds = [name for name in resources if name.startswith(ACCELERATOR)]
    return min(kinds).removeprefix(ACCELERATOR) if kinds else None


def name_in_ray(resource: str) -> str:
    """Return what Ray calls a resource that a trial takes."""
    return NAMES.get(resource, resource)


def part_of_gpu(num_at_once: int) -> float:
    """Return what so many processes take of a GPU each, in the units in which Ray counts.

    It is rounded down, so that all of them fit.
    """
    return RAY_UNITS // num_at_once / RAY_UNITS


def most_at_once(machines: Machines) -> int | None:
    """Return how many trials run at once at most; None for as many as there is room for."""
    return machines.num_slots or (None if machines.address is None else MAX_REQUESTED)


def count_requested(
    machines: Machines, there: Mapping[str, float], resources: Mapping[str, float], num_missing: int
) -> int:
    """Return how many trials are asked for at once.

    On this machine there are as many as run at once. A cluster is asked for more than it has
    places now, or it would not grow. But where slots are limited and trials are for one kind of
    GPU, none waits for a place: it would hold a slot that another kind has a place for. That is 0
    where the kind has no machine.
    """
    num_places = int(min(there.get(name_in_ray(name), 0) / n for name, n in resources.items()))
    is_of_kind = not resources.keys() <= NAMES.keys()
    if machines.address is None:
        return max(1, min(num_places, machines.num_slots or num_places))
    if machines.num_slots and is_of_kind:
        return min(num_places, machines.num_slots)
    return machines.num_slots or min(num_missing, MAX_REQUESTED, num_places + NUM_WITHOUT_PLACE)
