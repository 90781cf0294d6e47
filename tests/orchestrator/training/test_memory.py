import pytest
import torch

from orchestrator.training.memory import is_out_of_memory, release_memory
from orchestrator.training.micro_batches import NotEnoughMemoryError, halve, note_size
from tests.cuda_driver import pretended_gpus


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to ..."), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("GET was unable to find an engine to execute this computation"), True),
        (RuntimeError("FIND was unable to find an engine to execute this computation"), True),
        (
            RuntimeError(
                "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"
            ),
            True,
        ),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
            False,
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(error: Exception, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory


def test_error_in_the_wake_of_missing_memory_is_told_too() -> None:
    error = RuntimeError("unexpected pos 31369344 vs 31369236")
    error.__context__ = MemoryError()
    assert is_out_of_memory(error)


def test_allocator_of_this_machine_is_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_halving_ends_at_one_utterance() -> None:
    sizes = [9]
    while sizes[-1] > 1:
        sizes.append(halve(sizes[-1], batch_size=9, problem=""))
    assert sizes == [9, 5, 3, 2, 1]
    message = "micro-batches of 1 utterance, after halving from 9: no room; leave more memory"
    with pytest.raises(NotEnoughMemoryError, match=message):
        halve(1, batch_size=9, problem="no room\nand a stack")


def test_sizes_are_noted_from_the_epoch_on_that_they_hold() -> None:
    assert note_size((), 0, 8, batch_size=8) == ()
    assert note_size((), 2, 4, batch_size=8) == ((2, 4),)
    assert note_size(((2, 4),), 5, 4, batch_size=8) == ((2, 4),)
    assert note_size(((2, 4),), 5, 1, batch_size=8) == ((2, 4), (5, 1))
    assert note_size(((2, 4),), 2, 1, batch_size=8) == ((2, 1),)


def test_pinned_memory_is_given_back_once_a_gpu_was_used() -> None:
    """PyTorch keeps what was pinned for a checkpoint's copy, and the next model needs other."""
    with pretended_gpus() as driver:
        release_memory()
        assert driver.num_releases == 0
        torch.cuda.init()
        release_memory()
        assert driver.num_releases == 1
