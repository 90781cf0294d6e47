"""Columns of variable-length sequences, where they lie, and how batches are gathered from them."""

import io
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


class RaggedColumn(Protocol):
    """For each utterance a sequence of steps, and for each step one or more candidates.

    Attributes:
        lengths: (U,), int64, steps of each utterance.
        num_candidates: Candidates of each step, C.
        num_bytes: What the column needs in memory when it lies there whole.
    """

    lengths: Tensor
    num_candidates: int
    num_bytes: int

    def gather(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Collect the steps of some utterances, one after another.

        Shapes:
            utterances: (B,), int64; choices: (N,), which candidate of each step
            -> (N, *shape) with N the sum of the utterances' lengths
        """


class _Rows:
    """Views of each row's values in a mapped file; what is kept does not grow with the values."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._chunks = [_values(chunk) for chunk in column.chunks]
        self._chunk_of = np.repeat(
            np.arange(column.num_chunks), [len(chunk) for chunk in column.chunks]
        )
        offsets = [chunk.offsets.to_numpy() for chunk in column.chunks]
        empty = [np.zeros(0, np.int64)]
        self._begin = np.concatenate([chunk[:-1] for chunk in offsets] or empty)
        self._end = np.concatenate([chunk[1:] for chunk in offsets] or empty)

    def __getitem__(self, row: int) -> Tensor:
        return self._chunks[self._chunk_of[row]][self._begin[row] : self._end[row]]


class MappedColumn:
    """Values in a memory-mapped file: read when they are gathered, shared by all processes."""

    def __init__(
        self,
        column: pa.ChunkedArray,
        lengths: Tensor,
        *,
        shape: Sequence[int],
        device: torch.device,
        num_candidates: int = 1,
    ) -> None:
        self.lengths = lengths
        self.num_candidates = num_candidates
        self.num_bytes = column.nbytes
        self._rows = _Rows(column)
        self._shape = (-1, num_candidates, *shape)
        self._device = device

    def row(self, utterance: int) -> Tensor:
        """Return the values of one utterance in the file itself: (steps, C, *shape)."""
        return self._rows[utterance].reshape(self._shape)

    def gather(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Copy the steps of some utterances out of the file."""
        in_turn = choices.split(self.lengths[utterances].tolist())
        rows = [
            self.row(utterance)[torch.arange(len(choice)), choice]
            if self.num_candidates > 1
            else self.row(utterance)[:, 0]
            for utterance, choice in zip(utterances.tolist(), in_turn, strict=True)
        ]
        return _send(torch.cat(rows), self._device)


class ResidentColumn:
    """Values in the memory of a device; batches are gathered there."""

    def __init__(self, mapped: MappedColumn, device: torch.device) -> None:
        self.lengths = mapped.lengths
        self.num_candidates = mapped.num_candidates
        self.num_bytes = mapped.num_bytes
        self._first = self.lengths.cumsum(0) - self.lengths
        rows = [mapped.row(utterance) for utterance in range(len(self.lengths))]
        self._values = torch.empty(
            (int(self.lengths.sum()), *rows[0].shape[1:]), dtype=rows[0].dtype, device=device
        )
        for first, row in zip(self._first.tolist(), rows, strict=True):
            self._values[first : first + len(row)] = row
        self._device = device

    def gather(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Collect the steps of some utterances on the device."""
        steps = _spans(self._first[utterances], self.lengths[utterances])
        return self._values[steps.to(self._device), choices.to(self._device)]


class JpegColumn:
    """Images in a memory-mapped file, one JPEG a candidate; the chosen ones are decoded."""

    def __init__(
        self,
        column: pa.ChunkedArray,
        lengths: Tensor,
        *,
        device: torch.device,
        num_candidates: int = 1,
    ) -> None:
        self.lengths = lengths
        self.num_candidates = num_candidates
        self.num_bytes = column.nbytes
        self._images = _Images(column)
        self._device = device

    def gather(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Decode the chosen image of each step of some utterances."""
        in_turn = choices.split(self.lengths[utterances].tolist())
        images = [
            _decode(self._images.get(utterance, step * self.num_candidates + candidate))
            for utterance, choice in zip(utterances.tolist(), in_turn, strict=True)
            for step, candidate in enumerate(choice.tolist())
        ]
        return _send(torch.stack(images), self._device).permute(0, 3, 1, 2)


class _Images:
    """The encoded bytes of each row's images, as views of a mapped file."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._bytes = [_bytes(chunk.values) for chunk in column.chunks]
        self._ends = [_byte_offsets(chunk.values) for chunk in column.chunks]
        self._chunk_of = np.repeat(
            np.arange(column.num_chunks), [len(chunk) for chunk in column.chunks]
        )
        firsts = [chunk.offsets.to_numpy()[:-1] for chunk in column.chunks]
        self._first = np.concatenate(firsts or [np.zeros(0, np.int32)])

    def get(self, row: int, place: int) -> NDArray[np.uint8]:
        chunk = self._chunk_of[row]
        image = self._first[row] + place
        begin, end = self._ends[chunk][image], self._ends[chunk][image + 1]
        return self._bytes[chunk][begin:end]


def _values(chunk: pa.LargeListArray) -> Tensor:
    """Return a list array's flat values as a tensor over the file's own bytes, nothing copied."""
    return torch.from_dlpack(chunk.values)


def _decode(jpeg: NDArray[np.uint8]) -> Tensor:
    """Decode an image: (H, W, 3), RGB."""
    with Image.open(io.BytesIO(jpeg.data)) as image:
        return torch.from_numpy(np.array(image))


def _bytes(images: pa.BinaryArray) -> NDArray[np.uint8]:
    return np.frombuffer(images.buffers()[2], np.uint8)


def _byte_offsets(images: pa.BinaryArray) -> NDArray[np.int32]:
    offsets = images.buffers()[1]
    array = pa.Array.from_buffers(
        pa.int32(), len(images) + 1, [None, offsets], offset=images.offset
    )
    numbers: NDArray[np.int32] = array.to_numpy()
    return numbers


def _send(values: Tensor, device: torch.device) -> Tensor:
    if device.type != "cuda":
        return values
    return values.pin_memory().to(device, non_blocking=True)


def _spans(first: Tensor, count: Tensor) -> Tensor:
    """List the indices `first[i] .. first[i] + count[i] - 1` of every i, one after another."""
    offsets = count.cumsum(0) - count
    steps = torch.arange(int(count.sum())) - offsets.repeat_interleave(count)
    return first.repeat_interleave(count) + steps
