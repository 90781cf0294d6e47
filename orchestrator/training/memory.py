"""Memory that does not suffice: told from other errors, and what is tried next."""

import gc

import torch

OUT_OF_MEMORY = (
    "can't allocate memory",  # PyTorch's CPU allocator
    "not enough memory",
    "could not create a primitive",  # oneDNN's only words for it
    "could not create a memory object",
    "out of memory",  # CUDA itself
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
    # PyTorch tries one algorithm of cuDNN after another and drops their errors, also that a
    # workspace did not fit (its Conv_v8.cpp; pytorch/pytorch, issue 108645): GET ..., or FIND ...
    "unable to find an engine to execute this computation",
    # cuBLAS takes memory beside PyTorch's for itself (pytorch/pytorch, issue 128601), and where
    # there is none left it may say only this.
    "CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate",
)
"""Parts of the messages of those RuntimeErrors that have no type of their own."""


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error is that memory of the device or of the machine did not suffice.

    It is too where it came up while such an error was handled: PyTorch's writer of files complains
    of half a file.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, RuntimeError) and any(part in str(error) for part in OUT_OF_MEMORY):
        return True
    return error.__context__ is not None and is_out_of_memory(error.__context__)


def release_memory() -> None:
    """Give memory back that nothing holds any more, of a GPU and pinned for it."""
    gc.collect()
    torch.cuda.empty_cache()  # which does nothing where no GPU was used
    if torch.cuda.is_initialized():
        torch._C._host_emptyCache()  # public in PyTorch's newest versions alone
