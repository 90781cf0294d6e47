"""Parts that benchmarks share: spreads of repeated measurements, tables of them, the machine."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Self

from rich.box import MARKDOWN
from rich.table import Table


@dataclass(frozen=True)
class Spread:
    """One quantity, measured `num` times."""

    median: float
    least: float
    most: float
    num: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Summarise repeated measurements; there must be at least one."""
        values = list(values)
        return cls(median=median(values), least=min(values), most=max(values), num=len(values))

    def __format__(self, spec: str) -> str:
        """Write the median and, if there are several measurements, the least and the most."""
        if self.num == 1:
            return f"{self.median:{spec}}"
        return f"{self.median:{spec}} ({self.least:{spec}} to {self.most:{spec}})"


@dataclass(frozen=True)
class Machine:
    """The machine of a measurement and its `load`, the mean of the minute before."""

    cpu: str
    num_cores: int
    num_gpus: int
    load: float
    python: str
    libraries: dict[str, str]

    def __str__(self) -> str:
        libraries = ", ".join(f"{name} {number}" for name, number in self.libraries.items())
        return (
            f"{self.num_cores} cores of {self.cpu}, GPUs: {self.num_gpus}, "
            f"load {self.load:.1f} at the start; Python {self.python}, {libraries}"
        )


def this_machine(*, libraries: Sequence[str]) -> Machine:
    """Describe what decides times on this machine."""
    import torch  # it takes seconds to load, and some benchmarks measure this time

    return Machine(
        cpu=torch.cpu.get_capabilities().get("cpu_name") or platform.processor(),
        num_cores=len(os.sched_getaffinity(0)),
        num_gpus=torch.cuda.device_count(),
        load=os.getloadavg()[0],
        python=platform.python_version(),
        libraries={library: version(library) for library in libraries},
    )


def markdown_table(*headers: str) -> Table:
    """Start a table that can be pasted into README.md; only its first column is not numbers."""
    table = Table(box=MARKDOWN)
    for header in headers:
        table.add_column(header, justify="right" if table.columns else "left", no_wrap=True)
    return table
