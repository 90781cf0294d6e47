"""What a model predicts of a split, and how many utterances it is given at once."""

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
"""Utterances that a model predicts at once on a GPU, at least: with a few of them it is idle."""


class BatchSizes(NamedTuple):
    """How many utterances go through a model at once, at most: to train it, and to predict."""

    training: int
    evaluation: int


def batch_sizes(config: TrialConfig, micro_batch_size: int, device: torch.device) -> BatchSizes:
    """Say how many, where training splits its batches to some size.

    On a CPU, and where the neighbours of an utterance matter, predictions are made of as many as a
    step has.
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
    """Predict a split in its own order, each batch changed first; also return the mean loss.

    On a GPU that runs out of memory it goes on with half as many utterances at once.
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
        if logits is None:  # not while the error is handled, which holds what filled the memory
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
