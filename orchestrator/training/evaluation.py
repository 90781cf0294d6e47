"""Predicts a split with a model, and chooses how many utterances it reads at once."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnySplit
from orchestrator.training.memory import is_out_of_memory, release_memory
from orchestrator.training.precision import Precision, autocast
from reports.ledger.record import Predictions
from search_spaces.trial import TrialConfig

AnyInputs = Batch | HandcraftedBatch

EVALUATED_AT_ONCE = 64
"""How many utterances a model predicts at once on a GPU, at least; with fewer, the GPU is idle."""


class BatchSizes(NamedTuple):
    """How many utterances go through a model at once, at most: in training and in prediction."""

    training: int
    evaluation: int


def batch_sizes(config: TrialConfig, micro_batch_size: int, device: torch.device) -> BatchSizes:
    """Return both sizes, for a training with micro-batches of a given size.

    They are equal on a CPU, and if a prediction depends on the other utterances of its batch.
    """
    times = 1
    if device.type != "cpu" and not config.model.neighbours_matter:
        times = math.ceil(EVALUATED_AT_ONCE / config.training.batch_size)
    return BatchSizes(micro_batch_size, times * micro_batch_size)


@torch.inference_mode()
def predict(
    model: nn.Module,
    split: AnySplit,
    weights: Tensor,
    batch_size: int,
    precision: Precision,
    *,
    change: Callable[[AnyInputs], AnyInputs] = lambda batch: batch,
) -> tuple[Predictions, float]:
    """Predict a split in its own order, and change each batch first; also return the mean loss.

    If a GPU runs out of memory, this continues with half as many utterances at once.
    """
    model.eval()
    logits = None
    while logits is None:
        try:
            with autocast(weights.device, precision):
                logits = torch.cat([model(change(batch)) for batch in split.in_order(batch_size)])
        except RuntimeError as error:
            is_last = batch_size == 1 or weights.device.type == "cpu"
            if is_last or not is_out_of_memory(error):
                raise
        if logits is None:  # not in the handler: the error holds what filled the memory
            release_memory()
            batch_size = math.ceil(batch_size / 2)
    loss = binary_cross_entropy_with_logits(logits, split.labels, pos_weight=weights)
    return _predictions(split, logits.sigmoid()), float(loss)


def predict_nothing(split: AnySplit) -> Predictions:
    """Predict that no utterance shows any emotion."""
    return _predictions(split, torch.zeros_like(split.labels))


def _predictions(split: AnySplit, probabilities: Tensor) -> Predictions:
    return Predictions(
        ids=np.array(split.ids, dtype=np.str_),
        groups=np.array(split.groups, dtype=np.str_),
        labels=split.labels.cpu().numpy().astype(np.int8),
        probabilities=probabilities.cpu().numpy(),
    )
