"""What a trial takes of its machine: memory at its peak, and processor time."""

import time
from dataclasses import dataclass

import torch

from orchestrator.trial.host_memory import PeakMemory


@dataclass(frozen=True)
class Usage:
    """Of this process since it was started to be measured; None where it cannot be known.

    Mapped files are no part of `peak_memory_mib`.
    """

    peak_memory_mib: float | None
    peak_gpu_memory_mib: float | None
    cpu_s: float


class Meter:
    """Measures from when it is made."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._cpu_s = time.process_time()
        self._peak = PeakMemory()
        if device.type == "cuda":
            torch.cuda.init()  # the next line needs it, and does not see to it
            torch.cuda.reset_peak_memory_stats(device)

    def read(self) -> Usage:
        """Return what was taken so far."""
        is_gpu = self._device.type == "cuda"
        gpu_bytes = torch.cuda.max_memory_allocated(self._device) if is_gpu else None
        return Usage(
            peak_memory_mib=self._peak.read_mib(),
            peak_gpu_memory_mib=None if gpu_bytes is None else round(gpu_bytes / 2**20, 1),
            cpu_s=round(time.process_time() - self._cpu_s, 3),
        )
