"""Recognises errors of too little memory, and frees memory."""

import gc

import torch

OUT_OF_MEMORY = (
    "can't allocate memory",  # PyTorch's CPU allocator
    "not enough memory",
    "could not create a primitive",  # oneDNN says no more than this
    "could not create a memory object",
    "out of memory",  # CUDA itself
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
    # PyTorch tries one cuDNN algorithm after another and drops their errors, even if a workspace
    # did not fit (its Conv_v8.cpp; pytorch/pytorch, issue 108645): GET ..., or FIND ...
    "unable to find an engine to execute this computation",
    # cuBLAS allocates its own memory beside PyTorch's (pytorch/pytorch, issue 128601). If none is
    # left, it may say only this.
    "CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate",
)
"""Parts of the messages of RuntimeErrors about memory that have no type of their own."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means too little memory, of the device or of the machine.

    An error that was raised while such an error was handled also counts: PyTorch's file writer
    raises another one about an incomplete file.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, RuntimeError) and any(part in str(error) for part in OUT_OF_MEMORY):
        return True
    return error.__context__ is not None and is_out_of_memory(error.__context__)


def release_memory() -> None:
    """Free unused memory: a GPU's memory, and the host memory pinned for it."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing if no GPU was used
    if torch.cuda.is_initialized():
        torch._C._host_emptyCache()  # public only in the newest versions of PyTorch
