"""Algorithms that give equal results each time, for the length of a trial."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

CUBLAS_WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""What makes cuBLAS, and cuDNN's LSTMs, give equal results; read once in the life of a process."""


def set_cublas_workspace() -> None:
    """Let cuBLAS give equal results, unless the user set its workspace.

    This comes before all else that a process computes on a GPU.
    """
    os.environ.setdefault(*CUBLAS_WORKSPACE)


@contextmanager
def deterministic_algorithms(*, is_on: bool) -> Iterator[None]:
    """Let PyTorch use algorithms only that give equal results each time; put it back afterwards.

    The backward pass of attention is among them, as PyTorch's notes on reproducibility say: those
    of the flash and the memory-efficient kernel are told so, cuDNN's PyTorch leaves out by itself.
    It would also fill all memory that is not written to yet, against mistakes of ours only; that is
    off.

    Args:
        is_on: Without it nothing is changed. With it this comes before all else that a process
            computes on a GPU.

    Raises:
        RuntimeError: By PyTorch, inside, where an operation has no such algorithm.
    """
    if not is_on:
        yield
        return
    set_cublas_workspace()
    cudnn = torch.backends.cudnn
    memory: Any = torch.utils.deterministic  # mypy does not see what it has
    mode = torch.get_deterministic_debug_mode()
    seen = cudnn.deterministic, cudnn.benchmark, memory.fill_uninitialized_memory
    # As `torch.use_deterministic_algorithms` does, which loads the compiler too: 150 MiB a process.
    torch.set_deterministic_debug_mode("error")
    cudnn.deterministic, cudnn.benchmark, memory.fill_uninitialized_memory = True, False, False
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        cudnn.deterministic, cudnn.benchmark, memory.fill_uninitialized_memory = seen
