"""Columns of images that are stored as JPEG, decoded when a batch needs them."""

import io
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


class JpegColumn:
    """Images in a memory-mapped file, one JPEG per candidate; the chosen ones are decoded.

    Several threads can decode, because Pillow lets other threads run meanwhile. All columns of a
    process share the threads. Pixels and their order do not depend on the number of threads.
    """

    def __init__(
        self,
        column: pa.ChunkedArray,
        lengths: Tensor,
        *,
        side_px: int,
        num_candidates: int = 1,
        num_threads: int = 1,
    ) -> None:
        self.lengths = lengths
        self.num_candidates = num_candidates
        self._images = _Images(column)
        self._shape = (side_px, side_px, 3)
        self._num_threads = num_threads

    def collect(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Decode the chosen image of each step of some utterances: (N, H, W, 3)."""
        in_turn = choices.split(self.lengths[utterances].tolist())
        jpegs = [
            self._images.get(utterance, step * self.num_candidates + candidate)
            for utterance, choice in zip(utterances.tolist(), in_turn, strict=True)
            for step, candidate in enumerate(choice.tolist())
        ]
        pictures = np.empty((len(jpegs), *self._shape), np.uint8)
        each = map if self._num_threads == 1 else _threads(self._num_threads).map
        list(each(_decode, jpegs, pictures))
        return torch.from_numpy(pictures)

    def finish(self, collected: Tensor) -> Tensor:
        """Return a view of the images, channels first: (N, 3, H, W)."""
        return collected.permute(0, 3, 1, 2)


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


@cache
def _threads(number: int) -> ThreadPoolExecutor:
    """Return the process's threads; they live as long as it does."""
    return ThreadPoolExecutor(number, thread_name_prefix="jpeg")


def _decode(jpeg: NDArray[np.uint8], picture: NDArray[np.uint8]) -> None:
    """Decode an image into its place: (H, W, 3), RGB."""
    with Image.open(io.BytesIO(jpeg.data)) as image:
        picture[:] = np.asarray(image)


def _bytes(images: pa.BinaryArray) -> NDArray[np.uint8]:
    return np.frombuffer(images.buffers()[2], np.uint8)


def _byte_offsets(images: pa.BinaryArray) -> NDArray[np.int32]:
    offsets = images.buffers()[1]
    array = pa.Array.from_buffers(
        pa.int32(), len(images) + 1, [None, offsets], offset=images.offset
    )
    numbers: NDArray[np.int32] = array.to_numpy()
    return numbers
