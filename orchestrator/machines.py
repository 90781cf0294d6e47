"""On which machines a sweep trains, and how many trials it asks for at once."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from corpora.prepared import recipe_folder
from orchestrator.errors import ClusterError
from search_spaces.trial import CorpusRef

Device = Literal["auto", "cpu", "gpu"]

MAX_REQUESTED = 64
"""Trials that a cluster is asked to place at once; those without a place make it grow."""


class Machines(NamedTuple):
    """Which machines train; the defaults are this machine, its GPUs or else its cores.

    `address` is that of a Ray cluster, or `auto`; `num_slots` the trials at once.
    """

    address: str | None = None
    device: Device = "auto"
    num_slots: int | None = None


THIS_MACHINE = Machines()


def resources_of_trial(machines: Machines, there: Mapping[str, float]) -> dict[str, float]:
    """Return what a trial takes of a machine: a core, and a GPU where there are any.

    Args:
        machines: Where to train.
        there: What the cluster, or this machine, has now, by kind: `CPU`, `GPU`.

    Raises:
        ClusterError: If this machine lacks the GPU asked for. A cluster may get one.
    """
    has_gpu = there.get("GPU", 0) >= 1
    if machines.device == "gpu" and machines.address is None and not has_gpu:
        raise ClusterError("this machine has no GPU that can be used; leave out --device gpu")
    takes_gpu = machines.device == "gpu" or (machines.device == "auto" and has_gpu)
    return {"cpu": 1.0, "gpu": 1.0} if takes_gpu else {"cpu": 1.0}


def count_requested(
    machines: Machines, there: Mapping[str, float], resources: Mapping[str, float], num_missing: int
) -> int:
    """Return how many trials are asked for at once.

    On this machine there are as many as run at once. A cluster is asked for more than it has
    places, or it would not grow.
    """
    if machines.num_slots is not None:
        return machines.num_slots
    if machines.address is not None:
        return min(num_missing, MAX_REQUESTED)
    return max(1, int(min(there.get(kind.upper(), 0) / n for kind, n in resources.items())))


def check_storage_is_seen(storage: Path, corpus: CorpusRef) -> None:
    """Make sure that this machine sees what a trial reads.

    Raises:
        ClusterError: If it does not.
    """
    for place in (storage, recipe_folder(storage, corpus.name, corpus.recipe)):
        if not place.is_dir():
            raise ClusterError(
                f"machine '{platform.node()}' does not see '{place}': every machine of a cluster "
                "must see the storage folder in the same place (NFS), or use a bucket "
                "(--storage s3://BUCKET/PREFIX)"
            )
