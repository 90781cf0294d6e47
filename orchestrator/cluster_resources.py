"""What the machines have now, as Ray knows it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import ray

ASK_S = 1.0
"""How old an answer may be: Tune asks several times a trial, and Ray takes milliseconds."""


def list_nodes() -> list[dict[str, Any]]:
    """List the machines, as `ray.nodes` does: those that are gone too."""
    nodes: list[dict[str, Any]] = ray.nodes()
    return nodes


class ClusterResources:
    """What the cluster, or this machine, has by kind: `CPU`, `GPU`; asked for now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked_at = -float("inf")
        self._there: Mapping[str, float] = {}

    def now(self) -> Mapping[str, float]:
        """Return what there is, or was a moment ago."""
        if self._clock() - self._asked_at >= ASK_S:
            self._there = ray.cluster_resources()
            self._asked_at = self._clock()
        return self._there
