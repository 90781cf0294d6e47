"""Counts the FLOPs of steps, without multiplications with the zeros around a picture."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

Shape = Sequence[int]


def flop_counter() -> FlopCounterMode:
    """Return a counter: two FLOPs for each multiplication in products, attention, convolutions.

    The counter does not know the CPU's fused attention; plain attention has as many FLOPs.
    """
    formulas: dict[Any, Any] = {
        torch.ops.aten.convolution: conv_flops,
        torch.ops.aten.convolution_backward: _conv_backward_flops,
    }
    return FlopCounterMode(display=False, custom_mapping=formulas)


def conv_flops(
    pictures: Shape,
    weight: Shape,
    _bias: object,
    stride: Shape,
    padding: Shape,
    *_: object,
    out_shape: Shape,
) -> int:
    """Count the FLOPs of a convolution; libraries need not multiply with its zero padding.

    Shapes:
        pictures: (N, C_in, H, W), weight: (C_out, C_in, kernel), out_shape: (N, C_out, H', W')
    """
    sides = zip(pictures[2:], out_shape[2:], weight[2:], stride, padding, strict=True)
    return 2 * pictures[0] * prod(weight[:2]) * prod(_num_products(*side) for side in sides)


def _num_products(size: int, out_size: int, taps: int, step: int, border: int) -> int:
    """Count along one side the pairs of output and tap whose input is no padding."""
    return sum(
        0 <= place * step - border + tap < size for place in range(out_size) for tap in range(taps)
    )


def _conv_backward_flops(
    gradient: Shape, pictures: Shape, weight: Shape, *settings: Any, out_shape: object
) -> int:
    """Count the gradients of pictures and weight, if wanted; each has as many FLOPs as forward."""
    _, stride, padding, *_, (of_pictures, of_weight, _) = settings
    forward = conv_flops(pictures, weight, None, stride, padding, out_shape=gradient)
    return (of_pictures + of_weight) * forward
