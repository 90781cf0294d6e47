"""The conditions under which a trial runs, and the hooks that it calls."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from corpora.device import default_device
from orchestrator.storage.patience import PATIENCE, Patience
from reports.ledger.record import Epoch

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conditions:
    """How a trial is trained on this machine; none of it is part of the trial's key.

    Attributes:
        device: Where to train; by default the current GPU, else the CPU.
        num_threads: The number of PyTorch's threads on the CPU.
        is_deterministic: Use only deterministic algorithms.
        keeps_model: Keep the trained model beside the record, for `mmer-sweep predict`.
        micro_batch_size: How many utterances go through the model at once, at most; by default a
            whole batch, until memory runs out.
        halves_batches: If memory runs out, continue with half of that; else raise the error.
        patience: How long to retry if storage fails.
    """

    device: torch.device = field(default_factory=default_device)
    num_threads: int = 1
    is_deterministic: bool = False
    keeps_model: bool = True
    micro_batch_size: int | None = None
    halves_batches: bool = True
    patience: Patience = PATIENCE


@dataclass(frozen=True)
class TrialHooks:
    """The functions that a trial calls while it runs.

    Attributes:
        epoch_done: Called after each epoch. Then the epoch's checkpoint is being written, and the
            one of the epoch before is safe. If checkpoints take longer than epochs, some epochs
            have none.
        trouble: Called with a line about a problem after which the trial continues.
        publish: Puts the checkpoint where other machines find it, or raises OSError. It is called
            for each new checkpoint, in its own thread.
    """

    epoch_done: Callable[[Epoch], None] = lambda epoch: None
    trouble: Callable[[str], None] = LOG.warning
    publish: Callable[[], None] = lambda: None
