"""What a trial takes of its machine: memory at its peak, and processor time."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import torch

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


@dataclass(frozen=True)
class Usage:
    """Of this process since it was started to be measured; None where it cannot be known."""

    peak_memory_mib: float | None
    peak_gpu_memory_mib: float | None
    cpu_s: float


class Meter:
    """Measures from when it is made."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._cpu_s = time.process_time()
        self._knows_peak = _reset_peak()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def read(self) -> Usage:
        """Return what was taken so far."""
        is_gpu = self._device.type == "cuda"
        gpu_bytes = torch.cuda.max_memory_allocated(self._device) if is_gpu else None
        return Usage(
            peak_memory_mib=_peak_mib() if self._knows_peak else None,
            peak_gpu_memory_mib=None if gpu_bytes is None else round(gpu_bytes / 2**20, 1),
            cpu_s=round(time.process_time() - self._cpu_s, 3),
        )


def _reset_peak() -> bool:
    """Let the kernel forget this process's peak (proc(5)); only Linux can."""
    try:
        CLEAR_REFS.write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def _peak_mib() -> float | None:
    found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    return round(int(found[1]) / 1024, 1) if found else None
