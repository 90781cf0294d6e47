"""What a worker receives: a trial, and its part of a device."""

from typing import NamedTuple

from search_spaces.study import RowRef
from search_spaces.trial import Trial

MAX_LOSSES = 3
"""How often a trial starts again after its process was lost before one more epoch was done."""


class Share(NamedTuple):
    """How many equal trials share one device, and how much of its memory each of them may take.

    On a GPU, `memory_mib` is PyTorch's memory; the context of each process comes on top. `gpu_kind`
    is the kind of the GPU; None if there are not several kinds.
    """

    num_at_once: int
    memory_mib: float
    gpu_kind: str | None = None


class Assignment(NamedTuple):
    """One trial to train, the row that asks for it, and the size of its micro-batches.

    `share` is its part of a device. None means a whole GPU, or a core, and no cap on memory. With
    `keeps_batches_whole`, a trial that runs out of memory ends, and never uses micro-batches.
    """

    trial: Trial
    trained_for: RowRef
    micro_batch_size: int | None = None
    share: Share | None = None
    keeps_batches_whole: bool = False

    @property
    def gpu_kind(self) -> str | None:
        """The only kind of GPU that it trains on; None if there are not several kinds."""
        return None if self.share is None else self.share.gpu_kind
