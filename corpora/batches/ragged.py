"""Columns of sequences of variable length, in a file or on a device, and how batches read them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor


class RaggedColumn(Protocol):
    """For each utterance a sequence of steps, and for each step one or more candidates.

    Attributes:
        lengths: (U,), int64, steps of each utterance, in the host's memory.
        num_candidates: Candidates of each step, C.
    """

    lengths: Tensor
    num_candidates: int

    def collect(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Collect in the host's memory what `finish` needs for the steps of some utterances.

        Shapes:
            utterances: (B,), int64; choices: (N,), int64, the candidate of each step, N is the sum
                of the utterances' lengths -> (N, ...)
        """

    def finish(self, collected: Tensor) -> Tensor:
        """Make the steps, one after another, on the device of the batch: (N, *shape)."""


class _Rows:
    """Views of each row's values in a mapped file; memory does not grow with the values."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._chunks = [_values(chunk) for chunk in column.chunks]
        self._chunk_of = np.repeat(
            np.arange(column.num_chunks), [len(chunk) for chunk in column.chunks]
        )
        self._offsets = [chunk.offsets.to_numpy() for chunk in column.chunks]
        empty = [np.zeros(0, np.int64)]
        self._begin = np.concatenate([chunk[:-1] for chunk in self._offsets] or empty)
        self._end = np.concatenate([chunk[1:] for chunk in self._offsets] or empty)

    def __getitem__(self, row: int) -> Tensor:
        return self._chunks[self._chunk_of[row]][self._begin[row] : self._end[row]]

    def blocks(self) -> Iterator[Tensor]:
        """Yield the values of all rows in order, one chunk of the file at a time."""
        for chunk, offsets in zip(self._chunks, self._offsets, strict=True):
            yield chunk[offsets[0] : offsets[-1]]


class MappedColumn:
    """Values in a memory-mapped file: read when they are collected, shared by all processes."""

    def __init__(
        self,
        column: pa.ChunkedArray,
        lengths: Tensor,
        *,
        shape: Sequence[int],
        num_candidates: int = 1,
    ) -> None:
        self.lengths = lengths
        self.num_candidates = num_candidates
        self.num_bytes = column.nbytes
        self.firsts = lengths.cumsum(0) - lengths
        self._rows = _Rows(column)
        self._shape = (-1, num_candidates, *shape)

    def row(self, utterance: int) -> Tensor:
        """Return the values of one utterance in the file itself: (steps, C, *shape)."""
        return self._rows[utterance].reshape(self._shape)

    def blocks(self) -> Iterator[Tensor]:
        """Yield the values of all utterances in the file itself: (steps, C, *shape) each."""
        return (block.reshape(self._shape) for block in self._rows.blocks())

    def collect(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Copy the steps of some utterances out of the file: (N, *shape)."""
        in_turn = choices.split(self.lengths[utterances].tolist())
        return torch.cat(
            [
                self.row(utterance)[torch.arange(len(choice)), choice]
                if self.num_candidates > 1
                else self.row(utterance)[:, 0]
                for utterance, choice in zip(utterances.tolist(), in_turn, strict=True)
            ]
        )

    def finish(self, collected: Tensor) -> Tensor:
        """Return them as they are."""
        return collected


class ResidentColumn:
    """Values in the memory of a device; only a batch's indices are sent there."""

    def __init__(self, mapped: MappedColumn, device: torch.device) -> None:
        self.lengths = mapped.lengths
        self.num_candidates = mapped.num_candidates
        self._firsts = mapped.firsts
        self._values = _copied(list(mapped.blocks()), device).flatten(0, 1)  # (steps x C, *shape)

    def collect(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """List the indices of the steps of some utterances: (N,), int64."""
        steps = _spans(self._firsts[utterances], self.lengths[utterances])
        return steps * self.num_candidates + choices

    def finish(self, collected: Tensor) -> Tensor:
        """Look the steps up on the device."""
        return self._values[collected]


def _copied(blocks: Sequence[Tensor], device: torch.device) -> Tensor:
    """Join blocks in the memory of a device, which never holds a block twice."""
    sizes = [len(block) for block in blocks]
    joined = torch.empty((sum(sizes), *blocks[0].shape[1:]), dtype=blocks[0].dtype, device=device)
    for place, block in zip(joined.split(sizes), blocks, strict=True):
        place.copy_(block, non_blocking=True)
    return joined


def _values(chunk: pa.LargeListArray) -> Tensor:
    """Return a list array's flat values as a tensor over the file's own bytes, nothing copied."""
    return torch.from_dlpack(chunk.values)


def _spans(first: Tensor, count: Tensor) -> Tensor:
    """List the indices `first[i] .. first[i] + count[i] - 1` of every i, one after another."""
    offsets = count.cumsum(0) - count
    steps = torch.arange(int(count.sum())) - offsets.repeat_interleave(count)
    return first.repeat_interleave(count) + steps
