"""Arithmetic precision of a trial on the device at hand."""

from typing import Literal

import torch

Precision = Literal["fp32", "bf16"]


def resolve_precision(wanted: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """Return the precision to train in; "auto" is bf16 if the device is made for it.

    Of CPUs these are the ones with AMX. AVX-512 has bf16 instructions too, but with them alone a
    step took 1.5 times as long as in float32 (`benchmarks/README.md`).
    """
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if torch.cpu.get_capabilities().get("amx_bf16") else "fp32"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Return the context in which a model computes in a precision on a device."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
