"""The current resources of the machines, as Ray knows them."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import ray

from orchestrator.cluster.machines import gpu_kind_of

ASK_S = 1.0
"""How old an answer may be: Tune asks several times for each trial, and Ray takes milliseconds."""


def list_nodes() -> list[dict[str, Any]]:
    """List the machines, as `ray.nodes` does: including those that are gone."""
    nodes: list[dict[str, Any]] = ray.nodes()
    return nodes


def count_resources(gpu_kind: str | None = None) -> Mapping[str, float]:
    """Return the resources by name: `CPU`, `GPU`; with `gpu_kind`, of machines with that kind."""
    if gpu_kind is None:
        there: Mapping[str, float] = ray.cluster_resources()
        return there
    counts: Counter[str] = Counter()
    for node in list_nodes():
        if node["Alive"] and gpu_kind_of(node["Resources"]) == gpu_kind:
            counts.update(node["Resources"])
    return counts


class ClusterResources:
    """What the cluster, or this machine, has by kind: `CPU`, `GPU`; it caches Ray's answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[str | None, tuple[float, Mapping[str, float]]] = {}

    def now(self, gpu_kind: str | None = None) -> Mapping[str, float]:
        """Return the resources of now, or of a moment ago; see `count_resources`."""
        now = self._clock()
        asked_at, there = self._answers.get(gpu_kind, (-float("inf"), {}))
        if now - asked_at >= ASK_S:
            there = count_resources(gpu_kind)
            self._answers[gpu_kind] = now, there
        return there
