"""Under what conditions a trial runs, and who is told how it goes."""

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
    """How a trial is trained on this machine; nothing of it is part of the trial's key.

    Attributes:
        device: Where to train; by default the current GPU, else the CPU.
        num_threads: Of PyTorch on the CPU.
        is_deterministic: Use only algorithms that give equal results each time.
        keeps_model: Keep the trained model beside the record, for `mmer-sweep predict`.
        micro_batch_size: At most so many utterances go through the model at once; by default whole
            batches do, until memory runs out.
        halves_batches: Go on with half of that where memory runs out; else the error is raised.
        patience: With storage that fails.
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
    """What is called while a trial runs.

    Attributes:
        epoch_done: After each epoch, when its checkpoint is being written and that of the epoch
            before is safe. If checkpoints take longer than epochs, some epochs have none.
        trouble: Told, in a line, what the trial goes on in spite of.
        publish: Puts the checkpoint where other machines find it, or raises OSError. It is called
            whenever there is a new one, in a thread of its own.
    """

    epoch_done: Callable[[Epoch], None] = lambda epoch: None
    trouble: Callable[[str], None] = LOG.warning
    publish: Callable[[], None] = lambda: None
