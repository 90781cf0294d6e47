"""Arithmetic precision of a trial on the device at hand."""

from typing import Literal

import torch

Precision = Literal["fp32", "bf16"]


def resolve_precision(wanted: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """Return the precision to train in; "auto" is bf16 if the device computes natively in it."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return "bf16" if native else "fp32"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Return the context in which a model computes in a precision on a device."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
