"""Inputs of several utterances go through an encoder together, with those of similar length."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

Rows = NDArray[np.float32]

Promise = Callable[[], Rows]
"""Returns rows of features that were asked for before: (T, D), T at least 1."""

Given = TypeVar("Given")

TIMES_ON_GPU = 8
"""A GPU takes so much larger batches: a core is fastest with what fits into its cache."""

MAX_WAITING = 8
"""So many full batches wait at most, so memory does not grow with the number of utterances."""


def kept(rows: Rows) -> Promise:
    """Promise rows that are there already."""
    return lambda: rows


class LengthBatches(Generic[Given]):
    """Collects inputs; when rows are asked for, all that wait go through the encoder in batches.

    Args:
        encode: Makes the rows of a batch.
        length: Measures an input.
        max_length: The number of inputs in a batch times the longest of them is at most this, and
            `TIMES_ON_GPU` as much on a GPU; a longer input goes alone.
        device: Where the encoder runs.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[Given]], Sequence[Rows]],
        length: Callable[[Given], int],
        *,
        max_length: int,
        device: str,
    ) -> None:
        self._encode = encode
        self._length = length
        on_cpu = torch.device(device).type == "cpu"
        self._max_length = max_length * (1 if on_cpu else TIMES_ON_GPU)
        self._waiting: dict[int, Given] = {}
        self._made: dict[int, Rows] = {}
        self._num_added = 0

    def add(self, given: Given) -> Promise:
        """Let an input wait; its rows can be asked for once."""
        number = self._num_added
        self._num_added += 1
        self._waiting[number] = given
        if sum(map(self._length, self._waiting.values())) > MAX_WAITING * self._max_length:
            self._make()
        return lambda: self._take(number)

    def _take(self, number: int) -> Rows:
        if number not in self._made:
            self._make()
        return self._made.pop(number)

    def _make(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for batch in self._batches(waiting):
            made = self._encode([waiting[number] for number in batch])
            self._made.update(zip(batch, made, strict=True))

    def _batches(self, waiting: dict[int, Given]) -> list[list[int]]:
        """Divide what waits, from short to long."""
        batches: list[list[int]] = []
        for number in sorted(waiting, key=lambda number: self._length(waiting[number])):
            longest = self._length(waiting[number])
            if not batches or (len(batches[-1]) + 1) * longest > self._max_length:
                batches.append([])
            batches[-1].append(number)
        return batches
