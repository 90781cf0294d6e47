"""What a trial takes of its machine: peak memory and processor time."""

import time
from dataclasses import dataclass

import torch

from orchestrator.trial.host_memory import PeakMemory


@dataclass(frozen=True)
class Usage:
    """What this process took since its meter was made; None if a value is not known.

    `peak_memory_mib` does not include mapped files.
    """

    peak_memory_mib: float | None
    peak_gpu_memory_mib: float | None
    cpu_s: float


class Meter:
    """Measures from the moment it is made."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._cpu_s = time.process_time()
        self._peak = PeakMemory()
        if device.type == "cuda":
            torch.cuda.init()  # the next line needs it, but does not do it
            torch.cuda.reset_peak_memory_stats(device)

    def read(self) -> Usage:
        """Return what the process took so far."""
        is_gpu = self._device.type == "cuda"
        gpu_bytes = torch.cuda.max_memory_allocated(self._device) if is_gpu else None
        return Usage(
            peak_memory_mib=self._peak.read_mib(),
            peak_gpu_memory_mib=None if gpu_bytes is None else round(gpu_bytes / 2**20, 1),
            cpu_s=round(time.process_time() - self._cpu_s, 3),
        )
