"""Which device this process computes on."""

import torch


def default_device() -> torch.device:
    """Return the GPU that is current, at first the first one, or the CPU where there is none.

    It has an index: what is about one device's memory, such as
    `torch.cuda.set_per_process_memory_fraction`, refuses a device that has none.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())
