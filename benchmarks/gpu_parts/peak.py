"""The rate of products of square matrices on a device: the peak to which steps are compared."""

import torch
from torch.utils.benchmark import Timer

from benchmarks.gpu_parts.figure import Setting
from orchestrator.training.precision import Precision

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}
SIZES, SMALL_SIZES = (4096, 8192, 16384), (512,)
MATMUL_S = 0.3
"""Matrices of each size are multiplied for at least this time; the best size gives the peak."""


def matmul_peak(precision: Precision, setting: Setting) -> float:
    """Measure the rate in FLOP/s; float32 is without TF32, which is PyTorch's default."""
    sizes = SIZES if setting.on_gpu else SMALL_SIZES
    return max(_rate(size, DTYPES[precision], setting.device) for size in sizes)


def _rate(size: int, dtype: torch.dtype, device: torch.device) -> float:
    left, right = torch.rand(2, size, size, device=device).to(dtype)
    timer = Timer(
        "torch.mm(left, right, out=product)",
        globals={"torch": torch, "left": left, "right": right, "product": torch.empty_like(left)},
        num_threads=torch.get_num_threads(),
    )
    return 2 * size**3 / timer.blocked_autorange(min_run_time=MATMUL_S).median
