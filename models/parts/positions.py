"""Sine-cosine positions, and attention whose queries and keys carry them."""

from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.parts.layers import Attention

LONGEST = 10_000.0
"""The longest wave is 2 pi times this many steps (Vaswani et al. 2017)."""


class SinePositions(nn.Module):
    """x_t + [sin(t w_0), cos(t w_0), sin(t w_1), ...], w_i = 10000^(-2i / D).

    (Vaswani et al. 2017, 3.5)
    """

    def forward(self, states: Tensor) -> Tensor:
        """Add to each step its position.

        Shapes:
            (B, T, D), D even -> (B, T, D)
        """
        return states + sines(*states.shape[1:], device=states.device)


def sines(num_steps: int, width: int, *, device: torch.device) -> Tensor:
    """Return the positions of the first steps.

    Shapes:
        -> (num_steps, width)
    """
    steps = torch.arange(num_steps, dtype=torch.float32, device=device)
    exponents = torch.arange(0, width, 2, dtype=torch.float32, device=device) / width
    angles = steps[:, None] * torch.exp(-log(LONGEST) * exponents)  # (T, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, D)


def sines_then_cosines(num_steps: int, width: int, *, device: torch.device) -> Tensor:
    """Return the positions 1, 2, ... as MulT has them: all sines, then all cosines.

    p_t = [sin(t w_0), sin(t w_1), ..., cos(t w_0), cos(t w_1), ...], w_i = 10000^(-i / (D/2 - 1))

    Departure of its code base from Vaswani et al. 2017: their waves alternate, start at t = 0 and
    have w_i = 10000^(-i / (D/2)).

    Shapes:
        -> (num_steps, width), width even
    """
    steps = torch.arange(1, num_steps + 1, dtype=torch.float32, device=device)
    waves = torch.arange(width // 2, dtype=torch.float32, device=device)
    slowest = max(width // 2 - 1, 1)
    angles = steps[:, None] * torch.exp(-log(LONGEST) / slowest * waves)  # (T, D / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)  # (T, D)


class PositionedAttention(Attention):
    """MHA(p(Q), p'(K), K): values carry no positions (Liu et al. 2022, UMT).

    `at_queries` and `at_keys` add them, or are `nn.Identity` where steps have no order.
    """

    def __init__(
        self,
        *,
        width: int,
        num_heads: int,
        dropout: float,
        at_queries: nn.Module,
        at_keys: nn.Module,
    ) -> None:
        super().__init__(width=width, num_heads=num_heads, dropout=dropout)
        self.at_queries = at_queries
        self.at_keys = at_keys

    def forward(self, queries: Tensor, memory: Tensor, memory_mask: Tensor | None) -> Tensor:
        """Let each query attend to the memory steps whose mask is True (all without a mask).

        Shapes:
            queries: (B, Q, D), memory: (B, T, D), memory_mask: (B, T) -> (B, Q, D)
        """
        inputs = self.at_queries(queries), self.at_keys(memory), memory
        query, key, value = (
            self._split(functional.linear(x, weight, bias))
            for x, weight, bias in zip(
                inputs, self.in_weight.chunk(3), self.in_bias.chunk(3), strict=True
            )
        )
        attended = self.attend(query, key, value, memory_mask)  # (B, heads, Q, D / heads)
        joined = attended.transpose(1, 2).flatten(2)  # (B, Q, D)
        return functional.linear(joined, self.out_weight, self.out_bias)
