"""What a part gives: figures, each with its target if it has one, and where a part works."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch


@dataclass(frozen=True)
class Figure:
    """One number; `holds` says whether it meets its target, and is None where it has none."""

    name: str
    value: float
    unit: str
    target: str = ""
    holds: bool | None = None
    remark: str = ""

    @property
    def verdict(self) -> str:
        """One word for the table."""
        return "-" if self.holds is None else "pass" if self.holds else "FAIL"


@dataclass(frozen=True)
class Setting:
    """Where a part works.

    Attributes:
        kind: "cuda", or "cpu": there sizes are small, and figures have no targets.
        storage: Holds the synthetic corpus; goes when all is measured.
        traces: A prefix of the files with profiler traces.
    """

    kind: str
    storage: Path
    traces: Path

    @cached_property
    def device(self) -> torch.device:
        """The device by its index."""
        return torch.device("cuda", 0) if self.on_gpu else torch.device("cpu")

    @property
    def on_gpu(self) -> bool:
        """Whether figures are those of a GPU."""
        return self.kind == "cuda"

    def judged(self, holds: bool) -> bool | None:
        """Judge a figure by its target, on a GPU alone."""
        return holds if self.on_gpu else None


Measure = Callable[[Setting], Iterator[Figure]]
"""Yields each figure as soon as it is known: a part that fails has told the others."""
