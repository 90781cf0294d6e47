"""What a trial may take of its device's memory: past it, the trial runs out, and no other does.

A trial that hits its cap raises an error that `orchestrator.memory` knows, and goes on with smaller
micro-batches. Without a cap the kernel, or Ray, would kill some process, its own or a neighbour's.
"""

import ctypes
import re
import resource
import sys
import time
from functools import cache
from pathlib import Path

import torch

from orchestrator.memory import release_memory
from orchestrator.packing import MARGIN

STATUS = Path("/proc/self/status")

LINGERING_S = 30.0
"""How long a trial waits for the memory that its predecessor on a GPU leaves behind."""

LOOK_S = 0.2


def cap_memory(device: torch.device, cap_mib: float | None) -> None:
    """Let this process take so much of the device's memory from now on; None lifts the cap.

    On a GPU the cap is PyTorch's, whose memory is all that a process takes beside its context. On
    the CPU it is the kernel's, of private memory (RLIMIT_DATA in setrlimit(2)), which only Linux
    has: pages of mapped files do not count, as they make way.
    """
    release_memory()
    if device.type == "cuda":
        _cap_gpu(device, cap_mib)
    elif sys.platform == "linux":
        _cap_process(cap_mib)


def _cap_process(cap_mib: float | None) -> None:
    """Limit what is private to the cap, and to what is private but not resident beside it.

    What the last trial left in the heap, even where it is no longer resident, is within the limit:
    the next one fills it again.
    """
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)  # glibc keeps what the last trial gave back
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = hard
    if cap_mib is not None:
        soft = round(max(0.0, cap_mib + _untouched_mib()) * 2**20)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@cache
def _untouched_mib() -> float:
    """Return by how much more was private than resident when this process was first capped.

    Some of what a process has mapped it never touches, such as stacks of threads. Later there is
    also heap among it that a trial gave back, which counts. Negative where mapped files, which are
    resident but not private, are more.
    """
    return _status_mib("VmData") - _status_mib("VmRSS")


def _cap_gpu(device: torch.device, cap_mib: float | None) -> None:
    """Set PyTorch's cap, and wait for what a trial was measured to take, which leaves a margin.

    All of the cap may never be free: the context of this process may be larger than that measured.
    """
    free, total = torch.cuda.mem_get_info(device)
    share = 1.0 if cap_mib is None else min(1.0, cap_mib * 2**20 / total)
    torch.cuda.set_per_process_memory_fraction(share, device)
    give_up_at = time.monotonic() + LINGERING_S
    need = 0.0 if cap_mib is None else (1 - MARGIN) * share * total
    while free < need and time.monotonic() < give_up_at:
        time.sleep(LOOK_S)
        free, _ = torch.cuda.mem_get_info(device)


def _status_mib(name: str) -> float:
    """Read a figure of this process (proc(5))."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    if found is None:
        raise OSError(f"'{STATUS}' does not tell {name}")
    return int(found[1]) / 1024
