"""From packed rows to padded sequences, and from several sequences to one."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

Lengths = Sequence[int]
"""Steps of each of B utterances: plain numbers, so that nobody waits for a GPU to know them."""


class Padded(NamedTuple):
    """One sequence for each utterance.

    Shapes:
        states: (B, T, D)
        mask: (B, T), bool, True where a step is real
    """

    states: Tensor
    mask: Tensor


def pad(packed: Tensor, lengths: Lengths) -> Padded:
    """Lay packed rows out as one zero-padded sequence for each utterance.

    Shapes:
        packed: (N, D), lengths: B with sum N -> (B, T, D), T the greatest length
    """
    longest = max(lengths)
    mask = torch.arange(longest) < torch.tensor(lengths)[:, None]  # (B, T)
    starts = range(0, len(lengths) * longest, longest)
    gaps = [start - first for start, first in zip(starts, first_rows(lengths), strict=True)]
    places = torch.arange(len(packed)) + repeat_each(gaps, lengths)  # (N,)
    states = packed.new_zeros(mask.numel(), packed.shape[-1])  # (B*T, D)
    states = states.index_copy(0, send(places, packed.device), packed)
    return Padded(states.unflatten(0, mask.shape), send(mask, packed.device))


def first_rows(lengths: Lengths) -> list[int]:
    """Return the index of each utterance's first row among packed rows: B numbers."""
    return list(accumulate(lengths, initial=0))[:-1]


def keep_first(packed: Tensor, lengths: Lengths) -> tuple[Tensor, Lengths]:
    """Keep the first row of each utterance that has one.

    Shapes:
        packed: (N, ...), lengths: B with sum N -> (M, ...), B lengths of 0 or 1 with sum M
    """
    rows = [row for row, length in zip(first_rows(lengths), lengths, strict=True) if length]
    first = packed.index_select(0, send(torch.tensor(rows), packed.device))
    return first, [min(1, length) for length in lengths]


def repeat_each(numbers: Sequence[int], lengths: Lengths) -> Tensor:
    """Repeat the number of each utterance for each of its steps, on the CPU.

    Shapes:
        B numbers, lengths: B with sum N -> (N,), int64
    """
    return torch.tensor(numbers).repeat_interleave(torch.tensor(lengths), output_size=sum(lengths))


def send(indices: Tensor, device: torch.device) -> Tensor:
    """Send indices or a mask from the CPU to a device, without a wait.

    They are not pinned: CUDA copies up to 64 KiB of such memory without a wait, and these have a
    few KiB. A larger copy would wait for the earlier work of the device.
    """
    return indices.to(device, non_blocking=True)


def join(sequences: Sequence[Padded]) -> Padded:
    """Put sequences of one utterance one after the other; padding stays where it is, masked."""
    return Padded(
        torch.cat([sequence.states for sequence in sequences], dim=1),
        torch.cat([sequence.mask for sequence in sequences], dim=1),
    )
