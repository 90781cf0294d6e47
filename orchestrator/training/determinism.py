"""Deterministic algorithms, which give equal results each time, for the length of a trial."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

CUBLAS_WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""The setting that makes cuBLAS, and cuDNN's LSTMs, deterministic; a process reads it once."""


def set_cublas_workspace() -> None:
    """Make cuBLAS deterministic, unless the user has set its workspace.

    Call this before a process computes anything on a GPU.
    """
    os.environ.setdefault(*CUBLAS_WORKSPACE)


@contextmanager
def deterministic_algorithms(*, is_on: bool) -> Iterator[None]:
    """Let PyTorch use only deterministic algorithms; restore its settings afterwards.

    This includes the backward pass of attention, as PyTorch's notes on reproducibility say: the
    flash and the memory-efficient kernels get the setting, and PyTorch itself avoids cuDNN's. By
    default, PyTorch would also fill memory that is not written yet. That only guards against
    mistakes of ours, so it is off.

    Args:
        is_on: If False, nothing changes. If True, enter this before a process computes anything on
            a GPU.

    Raises:
        RuntimeError: PyTorch raises it inside the block if an operation has no such algorithm.
    """
    if not is_on:
        yield
        return
    set_cublas_workspace()
    cudnn = torch.backends.cudnn
    memory: Any = torch.utils.deterministic  # mypy does not see its attributes
    mode = torch.get_deterministic_debug_mode()
    seen = cudnn.deterministic, cudnn.benchmark, memory.fill_uninitialized_memory
    # `torch.use_deterministic_algorithms` does the same, but also loads the compiler: 150 MiB.
    torch.set_deterministic_debug_mode("error")
    cudnn.deterministic, cudnn.benchmark, memory.fill_uninitialized_memory = True, False, False
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        cudnn.deterministic, cudnn.benchmark, memory.fill_uninitialized_memory = seen
