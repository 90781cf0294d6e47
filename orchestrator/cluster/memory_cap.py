"""Caps the device memory of a trial: a trial that needs more runs out, and no other trial does.

A trial that hits its cap raises an error that `orchestrator.training.memory` recognises, and
continues with smaller micro-batches. Without a cap, the kernel or Ray would kill a process: the
trial's own or another one.
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
"""If a GPU's free memory does not grow for this long, we assume that others keep the rest."""

LOOK_S = 0.2

_AWAITED: set[torch.device] = set()
"""The GPUs on which this process has waited for memory already."""

ALLOCATOR_SETTINGS = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
"""The variables in which PyTorch reads how to manage a GPU's memory; the second name is older."""


def expand_segments() -> None:
    """Let PyTorch extend its GPU memory in place, unless the user has set how it allocates.

    Otherwise, batches of ever new shapes leave gaps, which count against the cap. This works only
    before the process uses the GPU. Use it only in a process with a cap, or in one that ends when
    memory runs out: after a GPU itself has run out, such a process may fail permanently
    (pytorch/pytorch, issue 188008, open for 2.14). With a cap, the process hits the cap first.
    """
    if not any(name in os.environ for name in ALLOCATOR_SETTINGS):
        os.environ[ALLOCATOR_SETTINGS[0]] = "expandable_segments:True"


def cap_memory(device: torch.device, cap_mib: float | None) -> None:
    """Limit the device memory of this process from now on; None removes the cap.

    On a GPU, PyTorch enforces the cap: besides its context, a process takes only PyTorch's memory.
    On the CPU, the kernel limits private memory (RLIMIT_DATA in setrlimit(2)), which only Linux
    has. Pages of mapped files do not count, because the kernel can drop them.
    """
    release_memory()
    if device.type == "cuda":
        _cap_gpu(device, cap_mib)
    elif sys.platform == "linux":
        _cap_process(cap_mib)


def _cap_process(cap_mib: float | None) -> None:
    """Limit private memory to the cap plus the private memory that was never resident.

    What the last trial left in the heap is within the limit, even if it is no longer resident: the
    next trial fills it again.
    """
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)  # glibc keeps memory that the last trial freed
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = hard
    if cap_mib is not None:
        soft = round(max(0.0, cap_mib + _untouched_mib()) * 2**20)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@cache
def _untouched_mib() -> float:
    """Return how much private memory was not resident when this process first had a cap.

    A process never touches some of its mapped memory, such as parts of its threads' stacks. Later,
    memory that is not resident also contains heap that a trial freed; that counts against the cap.
    """
    PeakMemory()  # its thread also has a stack
    sizes = read_status()
    return sizes["VmData"] - private_mib(sizes)


def _cap_gpu(device: torch.device, cap_mib: float | None) -> None:
    """Set PyTorch's cap, a fraction of the device's memory."""
    _, total = torch.cuda.mem_get_info(device)
    share = 1.0 if cap_mib is None else min(1.0, cap_mib * 2**20 / total)
    torch.cuda.set_per_process_memory_fraction(share, device)
    if cap_mib is not None:
        _await_memory(device, (1 - MARGIN) * share * total)


def _await_memory(device: torch.device, need_bytes: float) -> None:
    """Before the first trial of a process, wait until ended processes have freed GPU memory.

    Later trials use the memory that the process already has. It waits for the memory that a trial
    was measured to take, not for its whole cap: if contexts are larger than the measured one, the
    whole cap may never be free. It stops waiting if no more memory becomes free: then other trials
    use the rest.
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
