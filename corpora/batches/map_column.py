"""Columns of feature maps that stand in for pictures: what fixed layers made of each, in a file."""

import os
import weakref
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SUM_BYTES = 4
"""After each map lies its CRC-32."""


class MapColumn:
    """Maps in a file: for each utterance its steps, for each step its candidates, nothing between.

    Rows are read, not mapped: a file that disappears on another machine is an error then, and does
    not end the process. Each map lies in the file as (H, W, C), and its checksum after it.
    """

    def __init__(
        self,
        path: Path,
        lengths: Tensor,
        *,
        shape: Sequence[int],
        dtype: torch.dtype,
        num_candidates: int = 1,
        is_checked: bool = True,
    ) -> None:
        """Open the file; `shape` is that of a map, (C, H, W).

        Unless `is_checked`, checksums are not compared: for a file of zeros.

        Raises:
            OSError: If there is no such file, or it is not as long as all maps together.
        """
        self.lengths = lengths
        self.num_candidates = num_candidates
        self._firsts = (lengths.cumsum(0) - lengths) * num_candidates
        channels, *sides = shape
        self._row_shape = (*sides, channels)
        self._dtype = dtype
        self._path, self._is_checked = path, is_checked
        self._bytes_per_map = bytes_per_map(shape, dtype)
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        wanted = int(lengths.sum()) * num_candidates * self._bytes_per_map
        if (found := os.fstat(self._file).st_size) != wanted:
            raise OSError(f"file of maps '{path}' has {found} bytes instead of {wanted}")

    def collect(self, utterances: Tensor, choices: Tensor) -> Tensor:
        """Read the maps of some utterances: (N, H, W, C).

        Raises:
            OSError: If a map is damaged, or cannot be read.
        """
        counts = self.lengths[utterances]
        offsets = counts.cumsum(0) - counts
        steps = torch.arange(len(choices)) - offsets.repeat_interleave(counts)
        firsts = self._firsts[utterances].repeat_interleave(counts)
        rows = firsts + steps * self.num_candidates + choices
        maps = np.empty((len(choices), self._bytes_per_map), np.uint8)
        for place, row in zip(maps, rows.tolist(), strict=True):
            self._read(place, row * self._bytes_per_map)
            if self._is_checked and place[-SUM_BYTES:].tobytes() != _sum(place[:-SUM_BYTES]):
                raise OSError(
                    f"file of maps '{self._path}' is damaged; remove its folder: they are made "
                    "again"
                )
        numbers = np.ascontiguousarray(maps[:, :-SUM_BYTES])
        return torch.from_numpy(numbers).view(self._dtype).reshape(-1, *self._row_shape)

    def finish(self, collected: Tensor) -> Tensor:
        """Return a view of the maps, channels first: (N, C, H, W)."""
        return collected.permute(0, 3, 1, 2)

    def _read(self, place: NDArray[np.uint8], offset: int) -> None:
        """Fill a place; the system may read less at once than it is asked for."""
        left = place.data
        while left:
            num_read = os.preadv(self._file, [left], offset)
            if num_read == 0:
                raise OSError("a file of maps is shorter than it was when it was opened")
            left, offset = left[num_read:], offset + num_read


def bytes_per_map(shape: Sequence[int], dtype: torch.dtype) -> int:
    """Return how many bytes a map of a shape takes with its checksum."""
    return int(np.prod(shape)) * dtype.itemsize + SUM_BYTES


def laid_out(maps: Tensor) -> bytes:
    """Return maps as they lie in the file.

    Shapes:
        (N, C, H, W)
    """
    rows = maps.permute(0, 2, 3, 1).flatten(1).contiguous().cpu().view(torch.uint8).numpy()
    return b"".join(row.tobytes() + _sum(row) for row in rows)


def _sum(row: NDArray[np.uint8]) -> bytes:
    return zlib.crc32(row.data).to_bytes(SUM_BYTES, "little")
