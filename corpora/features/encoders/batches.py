"""Inputs of several utterances go through an encoder together, with those of similar length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass
class _Asked(Generic[Given]):
    """An input, and its rows when they are made."""

    given: Given
    rows: Rows | None = None


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
        self._waiting: list[_Asked[Given]] = []

    def add(self, given: Given) -> Promise:
        """Let an input wait."""
        asked = _Asked(given)
        self._waiting.append(asked)
        if sum(self._length(each.given) for each in self._waiting) > MAX_WAITING * self._max_length:
            self._make()
        return lambda: self._rows_of(asked)

    def _rows_of(self, asked: _Asked[Given]) -> Rows:
        if asked.rows is None:
            self._make()
        if asked.rows is None:
            raise RuntimeError("the encoder has failed on this input before")
        return asked.rows

    def _make(self) -> None:
        waiting, self._waiting = self._waiting, []
        for batch in self._batches(waiting):
            made = self._encode([asked.given for asked in batch])
            for asked, rows in zip(batch, made, strict=True):
                asked.rows = rows

    def _batches(self, waiting: Sequence[_Asked[Given]]) -> list[list[_Asked[Given]]]:
        """Divide what waits, from short to long."""
        batches: list[list[_Asked[Given]]] = []
        for asked in sorted(waiting, key=lambda asked: self._length(asked.given)):
            longest = self._length(asked.given)
            if not batches or (len(batches[-1]) + 1) * longest > self._max_length:
                batches.append([])
            batches[-1].append(asked)
        return batches
