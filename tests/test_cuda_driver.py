"""GPUs that tests pretend: PyTorch's own checks run on them, and nothing of them stays."""

from collections.abc import Callable

import pytest
import torch

from corpora.device import default_device
from tests.cuda_driver import CUDART, NAME, pretended_gpus


@pytest.mark.parametrize("ask", [torch.cuda.get_per_process_memory_fraction, torch.cuda.set_device])
def test_device_without_index_is_refused_by_pytorch_itself(
    ask: Callable[[torch.device], object],
) -> None:
    with pretended_gpus(), pytest.raises(ValueError, match="device with a specified index"):
        ask(torch.device("cuda"))


def test_cap_for_a_device_without_index_is_refused_by_pytorch_itself() -> None:
    with pretended_gpus() as driver:
        with pytest.raises(ValueError, match="device with a specified index"):
            torch.cuda.set_per_process_memory_fraction(0.5, torch.device("cuda"))
        torch.cuda.set_per_process_memory_fraction(0.5, torch.device("cuda", 0))
        assert driver.fractions == {0: 0.5}


def test_gpu_that_is_not_there_is_refused() -> None:
    with pretended_gpus(2), pytest.raises(RuntimeError, match="Invalid device argument 2"):
        torch.cuda.set_per_process_memory_fraction(0.5, 2)


def test_memory_of_a_gpu_that_was_not_used_yet_is_refused() -> None:
    with pretended_gpus(), pytest.raises(RuntimeError, match="did you call init"):
        torch.cuda.reset_peak_memory_stats(torch.device("cuda", 0))


def test_pretended_gpus_are_seen() -> None:
    with pretended_gpus(2, total_mib=500.0, free_mib=[100.0, 200.0]):
        assert torch.cuda.device_count() == 2
        assert torch.cuda.get_device_name(1) == NAME
        assert torch.cuda.get_device_capability(torch.device("cuda")) == (9, 0)
        looks = [torch.cuda.mem_get_info(torch.device("cuda", 1))[0] / 2**20 for _ in range(3)]
        assert looks == [100, 200, 200]
        assert torch.cuda.is_bf16_supported(including_emulation=False)
        torch.cuda.set_device(1)
        torch.cuda.synchronize(torch.device("cuda"))
        assert torch.cuda.current_device() == 1


def test_nothing_of_pretended_gpus_stays() -> None:
    before = cuda_state()
    with pretended_gpus():
        torch.cuda.init()
        torch.manual_seed(0)
        assert torch.cuda.get_rng_state("cuda:0").numel() > 0
        assert cuda_state() != before
    assert cuda_state() == before


def cuda_state() -> dict[str, object]:
    """Tell all that `torch.cuda` and its C++ part are made of, values of PyTorch's own too."""
    modules = (torch.cuda, torch.cuda.memory, torch._C, CUDART)
    state: dict[str, object] = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
    }
    return state | {"queued": list(torch.cuda._queued_calls)}


def test_default_device_has_an_index() -> None:
    with pretended_gpus(2):
        assert default_device() == torch.device("cuda", 0)
        torch.cuda.set_device(1)
        assert default_device() == torch.device("cuda", 1)
    with pretended_gpus(0):
        assert default_device() == torch.device("cpu")
