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

MicroBatches = tuple[tuple[int, int], ...]
"""Sizes that batches were split to, each with the epoch from which it was used."""


class NotEnoughMemoryError(Exception):
    """A single utterance, or the model alone, does not fit into memory."""

    def __init__(self, what: str, problem: str) -> None:
        first_line, _, _ = problem.partition("\n")
        super().__init__(what, first_line)  # with these it is made anew in another process
        self._message = (
            f"out of memory {what}: {first_line or 'no more is known'}; leave more memory to a "
            "trial (fewer at once on a machine, a larger GPU), or choose a smaller model"
        )

    def __str__(self) -> str:
        """Return the message."""
        return self._message


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


def halve(size: int, *, batch_size: int, problem: str) -> int:
    """Return the next smaller micro-batch.

    Raises:
        NotEnoughMemoryError: If there is none.
    """
    if size == 1:
        raise NotEnoughMemoryError(
            f"even with micro-batches of 1 utterance, after halving from {batch_size}", problem
        )
    return -(-size // 2)


def note_size(sizes: MicroBatches, epoch: int, size: int, batch_size: int) -> MicroBatches:
    """Note that batches are split from an epoch on; whole ones, and what goes on, need no note."""
    before = tuple(one for one in sizes if one[0] < epoch)
    current = before[-1][1] if before else batch_size
    return before if size >= current else (*before, (epoch, size))


def release_memory() -> None:
    """Give memory back that nothing holds any more, of a GPU and pinned for it."""
    gc.collect()
    torch.cuda.empty_cache()  # which does nothing where no GPU was used
    if torch.cuda.is_initialized():
        torch._C._host_emptyCache()  # public in PyTorch's newest versions alone
