"""The machines that a sweep trains on, and how many trials it asks for at once."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from orchestrator.cluster.assignment import Share
from orchestrator.errors import ClusterError

Device = Literal["auto", "cpu", "gpu"]

MAX_REQUESTED = 256
"""How many trials a cluster is asked to place at once."""

NAMES = {"cpu": "CPU", "gpu": "GPU", "memory": "memory"}
"""Ray's names for the resources of a machine, by Tune's names for those of a trial."""

ACCELERATOR = "accelerator_type:"
"""The beginning of the Ray resource that names the kind of a machine's GPUs."""

PART_OF_KIND = 0.001
"""How much of that resource a trial takes; a machine has 1. Ray itself asks for as little."""

RAY_UNITS = 10_000
"""The most parts into which Ray divides a resource."""

NUM_WITHOUT_PLACE = 8
"""How many of them may wait for a place, so that the cluster grows; other drivers get the rest."""


class Machines(NamedTuple):
    """Which machines train; the default is this machine, with its GPUs or else its cores.

    `address` is the address of a Ray cluster, or `auto`. `num_slots` is the number of trials at
    once. `memory_mib` is how much of this machine's memory they may take together, by default the
    free memory. With `is_deterministic`, trials use only deterministic algorithms. If a cluster has
    several kinds of GPU, `gpu_kind` limits it to the machines with one kind.
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
    """Return the resources that a trial takes: a core, and a GPU if there are any.

    With a share, it takes only a part of a GPU; without GPUs, it takes a part of the machine's
    memory. If there are several kinds of GPU, it also asks for its kind.

    Args:
        machines: Where to train.
        there: What the cluster, or this machine, has now, by kind: `CPU`, `GPU`.
        share: How many trials like it share a device.

    Raises:
        ClusterError: If this machine lacks the GPU that the user asked for. A cluster may get one.
    """
    has_gpu = there.get("GPU", 0) >= 1
    if machines.device == "gpu" and machines.address is None and not has_gpu:
        raise ClusterError("this machine has no usable GPU; leave out --device gpu")
    takes_gpu = machines.device == "gpu" or (machines.device == "auto" and has_gpu)
    if takes_gpu:
        kind = share.gpu_kind if share else machines.gpu_kind
        of_kind = {} if kind is None else {ACCELERATOR + kind: PART_OF_KIND}
        return {"cpu": 1.0, "gpu": part_of_gpu(share.num_at_once) if share else 1.0, **of_kind}
    return {"cpu": 1.0, "memory": int(share.memory_mib * 2**20)} if share else {"cpu": 1.0}


def gpu_kind_of(resources: Mapping[str, float]) -> str | None:
    """Return the kind of a machine's GPUs; None if Ray does not know it. It knows most kinds."""
    kinds = [name for name in resources if name.startswith(ACCELERATOR)]
    return min(kinds).removeprefix(ACCELERATOR) if kinds else None


def name_in_ray(resource: str) -> str:
    """Return Ray's name for a resource that a trial takes."""
    return NAMES.get(resource, resource)


def part_of_gpu(num_at_once: int) -> float:
    """Return the part of a GPU that each of `num_at_once` processes takes, in Ray's units.

    It is rounded down, so that all of them fit.
    """
    return RAY_UNITS // num_at_once / RAY_UNITS


def most_at_once(machines: Machines) -> int | None:
    """Return how many trials run at once at most; None for as many as fit."""
    return machines.num_slots or (None if machines.address is None else MAX_REQUESTED)


def count_requested(
    machines: Machines, there: Mapping[str, float], resources: Mapping[str, float], num_missing: int
) -> int:
    """Return how many trials to ask for at once.

    On this machine, these are as many as run at once. A cluster is asked for more than it has
    places now, or it would not grow. But if slots are limited and trials are for one kind of GPU,
    no trial waits for a place, because it would hold a slot that another kind could use. So the
    result is 0 if the kind has no machine.
    """
    num_places = int(min(there.get(name_in_ray(name), 0) / n for name, n in resources.items()))
    is_of_kind = not resources.keys() <= NAMES.keys()
    if machines.address is None:
        return max(1, min(num_places, machines.num_slots or num_places))
    if machines.num_slots and is_of_kind:
        return min(num_places, machines.num_slots)
    return machines.num_slots or min(num_missing, MAX_REQUESTED, num_places + NUM_WITHOUT_PLACE)
