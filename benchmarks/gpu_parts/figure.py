"""The figures that a part measures, with their targets, and the setting in which it works."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch


@dataclass(frozen=True)
class Figure:
    """One number; `holds` says whether it meets its target, and is None without a target."""

    name: str
    value: float
    unit: str
    target: str = ""
    holds: bool | None = None
    remark: str = ""

    @property
    def verdict(self) -> str:
        """The verdict of the table, in one word."""
        return "-" if self.holds is None else "pass" if self.holds else "FAIL"


@dataclass(frozen=True)
class Setting:
    """The device and the files of a part.

    Attributes:
        kind: "cuda" or "cpu"; on a CPU sizes are small, and figures have no targets.
        storage: The folder of the synthetic corpus; it is removed at the end.
        traces: The prefix of the files with profiler traces.
    """

    kind: str
    storage: Path
    traces: Path

    @cached_property
    def device(self) -> torch.device:
        """The device, with its index."""
        return torch.device("cuda", 0) if self.on_gpu else torch.device("cpu")

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU is measured."""
        return self.kind == "cuda"

    def judged(self, holds: bool) -> bool | None:
        """Judge a figure by its target on a GPU; None on a CPU."""
        return holds if self.on_gpu else None


Measure = Callable[[Setting], Iterator[Figure]]
"""A function that yields each figure immediately, so that figures before a failure are kept."""
