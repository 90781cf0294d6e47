"""GPUs that are pretended below PyTorch's Python layer.

What `torch.cuda` asks of its C++ part is answered here, so that its own checks of arguments run: a
stand-in for a function of `torch.cuda` would hide them. Nothing computes on such a GPU, and no
tensor lies on it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

NAME = "Pretended GPU"
CUDART: ModuleType = vars(torch._C)["_cudart"]  # mypy does not see it


class Driver:
    """Answers for some GPUs of `total_mib` each, and keeps what it was told.

    Attributes:
        free_mib: What is free at the first look, the second, and so on; the last one stays.
        num_looks: How often the free memory was asked for.
        fractions: Of its memory that a GPU may give to this process, by its index.
        reserved_mib: What PyTorch holds of the memory of each GPU, with its peak.
        num_releases: How often pinned memory that is free was given back.
        fault: Is raised by whatever is asked, as after a fault of a GPU.
    """

    def __init__(
        self,
        count: int,
        total_mib: float,
        free_mib: Sequence[float],
        start: Callable[[tuple[torch.Generator, ...]], None],
    ) -> None:
        """Answer; `start` is given what the real driver leaves in `torch.cuda` when it starts."""
        self._start = start
        self.count = count
        self.total_mib = total_mib
        self.free_mib = list(free_mib)
        self.num_looks = 0
        self.fractions = dict.fromkeys(range(count), 1.0)
        self.reserved_mib = 0.0
        self.num_releases = 0
        self.fault: Exception | None = None
        self.current = 0
        self._is_initialized = False

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Name the functions of `torch._C` that it stands for."""
        return {
            "_cuda_init": self._init,
            "_cuda_getDeviceCount": lambda: self.count,
            "_cuda_getDevice": lambda: self.current,
            "_cuda_setDevice": self._exchange,
            "_cuda_setMemoryFraction": self._set_fraction,
            "_cuda_getMemoryFraction": lambda index: self.fractions[self._checked(index)],
            "_cuda_memoryStats": self._stats,
            "_cuda_resetPeakMemoryStats": self._checked,
            "_cuda_emptyCache": lambda: None,
            "_host_emptyCache": self._release_pinned,
            "_cuda_synchronize": lambda: None,
        }

    def exchange(self, index: int) -> int:
        """Make another GPU current, and return the one before; a negative index changes nothing."""
        return self._exchange(index) if index >= 0 else -1

    def look(self, index: int) -> tuple[int, int]:
        """Return the free bytes and all, as cudaMemGetInfo does."""
        self._checked(index)
        free_mib = self.free_mib[min(self.num_looks, len(self.free_mib) - 1)]
        self.num_looks += 1
        return int(free_mib * 2**20), int(self.total_mib * 2**20)

    def properties(self, index: int) -> SimpleNamespace:
        """Describe a GPU."""
        self._checked(index)
        return SimpleNamespace(
            name=NAME, major=9, minor=0, total_memory=int(self.total_mib * 2**20)
        )

    def _init(self) -> None:
        if not self.count:
            raise RuntimeError("Found no NVIDIA driver on your system.")
        self._is_initialized = True
        self._start(tuple(torch.Generator() for _ in range(self.count)))

    def _checked(self, index: int) -> int:
        """Refuse what C++ would refuse."""
        if self.fault is not None:
            raise self.fault
        if not isinstance(index, int):
            raise TypeError(f"incompatible function arguments: {index!r}")
        if not (self._is_initialized and 0 <= index < self.count):
            raise RuntimeError(f"Invalid device argument {index}: did you call init?")
        return index

    def _release_pinned(self) -> None:
        self.num_releases += 1

    def _exchange(self, index: int) -> int:
        before, self.current = self.current, self._checked(index)
        return before

    def _set_fraction(self, fraction: float, index: int) -> None:
        self.fractions[self._checked(index)] = fraction

    def _stats(self, index: int) -> dict[str, Any]:
        self._checked(index)
        held = {"current": int(self.reserved_mib * 2**20), "peak": int(self.reserved_mib * 2**20)}
        return {"allocated_bytes": {"all": held}, "reserved_bytes": {"all": held}}


@contextmanager
def pretended_gpus(
    count: int = 1, *, total_mib: float = 1000.0, free_mib: Sequence[float] = (1000.0,)
) -> Iterator[Driver]:
    """Let PyTorch find so many GPUs, none of them used yet; afterwards all is as it was."""
    with pytest.MonkeyPatch.context() as patch:

        def start(generators: tuple[torch.Generator, ...]) -> None:
            patch.setitem(vars(torch.cuda), "default_generators", generators)

        driver = Driver(count, total_mib, free_mib, start)
        for name, function in driver.functions().items():
            patch.setattr(torch._C, name, function)
        patch.setattr(CUDART, "cudaMemGetInfo", driver.look)
        for name in ("_exchange_device", "_maybe_exchange_device"):  # bound to those of `_C`
            patch.setattr(torch.cuda, name, driver.exchange)
        patch.setattr(torch.cuda, "_get_device_properties", driver.properties, raising=False)
        patch.setattr(torch.cuda, "_initialized", False)
        patch.setattr(torch.cuda, "_cached_device_count", None)
        patch.setattr(torch.cuda, "_queued_calls", list(torch.cuda._queued_calls))
        patch.setattr(torch.cuda, "_lazy_seed_tracker", type(torch.cuda._lazy_seed_tracker)())
        yield driver
