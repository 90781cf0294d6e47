"""What the machines have now, as Ray knows it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import ray

from orchestrator.cluster.machines import gpu_kind_of

ASK_S = 1.0
"""How old an answer may be: Tune asks several times a trial, and Ray takes milliseconds."""


def list_nodes() -> list[dict[str, Any]]:
    """List the machines, as `ray.nodes` does: those that are gone too."""
    nodes: list[dict[str, Any]] = ray.nodes()
    return nodes


def count_resources(gpu_kind: str | None = None) -> Mapping[str, float]:
    """Return what there is by name: `CPU`, `GPU`; of machines with one kind of GPU, if it says."""
    if gpu_kind is None:
        there: Mapping[str, float] = ray.cluster_resources()
        return there
    counts: Counter[str] = Counter()
    for node in list_nodes():
        if node["Alive"] and gpu_kind_of(node["Resources"]) == gpu_kind:
            counts.update(node["Resources"])
    return counts


class ClusterResources:
    """What the cluster, or this machine, has by kind: `CPU`, `GPU`; asked for now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[str | None, tuple[float, Mapping[str, float]]] = {}

    def now(self, gpu_kind: str | None = None) -> Mapping[str, float]:
        """Return what there is, or was a moment ago; see `count_resources`."""
        now = self._clock()
        asked_at, there = self._answers.get(gpu_kind, (-float("inf"), {}))
        if now - asked_at >= ASK_S:
            there = count_resources(gpu_kind)
            self._answers[gpu_kind] = now, there
        return there
