"""Packed rows to padded sequences, and sequences to one."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Padded(NamedTuple):
    """One sequence an utterance.

    Shapes:
        states: (B, T, D)
        mask: (B, T), bool, True where a step is real
    """

    states: Tensor
    mask: Tensor


def pad(packed: Tensor, lengths: Tensor) -> Padded:
    """Lay packed rows out as one zero-padded sequence an utterance.

    With `lengths` on the CPU nothing waits for the GPU.

    Shapes:
        packed: (N, D), lengths: (B,) with sum N -> (B, T, D), T the greatest length
    """
    steps = torch.arange(int(lengths.max()), device=lengths.device)
    mask = (steps < lengths[:, None]).to(packed.device)  # (B, T)
    states = packed.new_zeros(*mask.shape, packed.shape[-1])  # (B, T, D)
    return Padded(states.masked_scatter(mask[..., None], packed), mask)


def join(sequences: Sequence[Padded]) -> Padded:
    """Put sequences of one utterance one after the other; padding stays where it is, masked."""
    return Padded(
        torch.cat([sequence.states for sequence in sequences], dim=1),
        torch.cat([sequence.mask for sequence in sequences], dim=1),
    )
