"""Packed rows to padded sequences, and sequences to one."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


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


class Absent(nn.Module):
    """The branch of a modality that a model does not read: a sequence without steps."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, _: Tensor, of_utterance: Tensor) -> Padded:
        """Return no steps for each utterance.

        Shapes:
            of_utterance: (B, ...) -> (B, 0, width)
        """
        num_utterances = of_utterance.shape[0]
        states = torch.zeros(num_utterances, 0, self.width, device=of_utterance.device)
        return Padded(states, torch.zeros_like(states[..., 0], dtype=torch.bool))
