"""How a process computes: results are equal bit for bit where all of this is equal."""

import platform
from dataclasses import dataclass

import torch

from orchestrator.training.precision import Precision


@dataclass(frozen=True)
class Arithmetic:
    """The device and the settings of PyTorch that decide the last bits of a result."""

    device: torch.device
    precision: Precision
    num_threads: int = 1
    is_deterministic: bool = False


def device_name(device: torch.device) -> str:
    """Return the name of a device's kind, as in records."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.cpu.get_capabilities().get('cpu_name', platform.processor())} (CPU)"
