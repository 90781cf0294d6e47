"""What a trial may take of its device's memory: past it, the trial runs out, and no other does.

A trial that hits its cap raises an error that `orchestrator.training.memory` knows, and goes on
with smaller micro-batches. Without a cap the kernel, or Ray, would kill some process, its own or a
neighbour's.
"""

import ctypes
import os
import resource
import sys
import time
from functools import cache

import torch

from orchestrator.cluster.packing import MARGIN
from orchestrator.training.memory import release_memory
from orchestrator.trial.host_memory import PeakMemory, private_mib, read_status

LINGERING_S = 10.0
"""After so long without more free memory, what others hold of a GPU is taken to stay with them."""

LOOK_S = 0.2

_AWAITED: set[torch.device] = set()
"""GPUs on which this process has waited for memory, whatever its trials need."""

ALLOCATOR_SETTINGS = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
"""Where PyTorch reads how to manage a GPU's memory; the second is the older name."""


def expand_segments() -> None:
    """Let PyTorch extend what it holds of a GPU in place, unless the user said how it allocates.

    Else batches of ever new shapes leave gaps, which count against the cap. It holds where the GPU
    was not used yet. It is for a process with a cap, or one that ends when memory runs out: once a
    GPU itself has run out, such a process may fail for good (pytorch/pytorch, issue 188008, open
    for 2.14). A cap is hit before that.
    """
    if not any(name in os.environ for name in ALLOCATOR_SETTINGS):
        os.environ[ALLOCATOR_SETTINGS[0]] = "expandable_segments:True"


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
    also heap among it that a trial gave back, which counts.
    """
    PeakMemory()  # whose thread has a stack too
    sizes = read_status()
    return sizes["VmData"] - private_mib(sizes)


def _cap_gpu(device: torch.device, cap_mib: float | None) -> None:
    """Set PyTorch's cap, a share of the device's memory."""
    _, total = torch.cuda.mem_get_info(device)
    share = 1.0 if cap_mib is None else min(1.0, cap_mib * 2**20 / total)
    torch.cuda.set_per_process_memory_fraction(share, device)
    if cap_mib is not None:
        _await_memory(device, (1 - MARGIN) * share * total)


def _await_memory(device: torch.device, need_bytes: float) -> None:
    """Wait, before the first trial of a process, for what one that ended leaves of a GPU's memory.

    Later trials of the process have what it has. Waited for is what a trial was measured to take,
    which leaves a margin: all of its cap may never be free, where contexts are larger than that
    measured. It ends where no more comes free, for then neighbours have the rest.
    """
    if device in _AWAITED:
        return
    _AWAITED.add(device)
    most, since = 0, time.monotonic()
    while most < need_bytes and time.monotonic() < since + LINGERING_S:
        free, _ = torch.cuda.mem_get_info(device)
        if free > most:
            most, since = free, time.monotonic()
        else:
            time.sleep(LOOK_S)
