"""What a worker is given: a trial, and its part of a device."""

from typing import NamedTuple

from search_spaces.study import RowRef
from search_spaces.trial import Trial

MAX_LOSSES = 3
"""How often a trial starts again after its process was lost without one more epoch done."""


class Share(NamedTuple):
    """How many trials of a kind one device takes, and what each of them may take of its memory.

    On a GPU, `memory_mib` is that of PyTorch; the context of each process comes on top. It is a
    share of a GPU of `gpu_kind`; None where there are not several kinds.
    """

    num_at_once: int
    memory_mib: float
    gpu_kind: str | None = None


class Assignment(NamedTuple):
    """One trial to train, the row that asks for it, and how much of a batch fits into memory.

    `share` is its part of a device; None for a whole GPU, or a core, and no cap on memory.
    """

    trial: Trial
    trained_for: RowRef
    micro_batch_size: int | None = None
    share: Share | None = None

    @property
    def gpu_kind(self) -> str | None:
        """The kind of GPU on which alone it trains, where there are several."""
        return None if self.share is None else self.share.gpu_kind
