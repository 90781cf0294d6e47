"""Which device this process computes on."""

import torch


def default_device() -> torch.device:
    """Return the current GPU (initially the first one), or the CPU if there is no GPU.

    The GPU has an index: functions for the memory of one device, such as
    `torch.cuda.set_per_process_memory_fraction`, refuse a device without one.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())
