"""Predicts a split with a model, and chooses how many utterances it reads at once."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnySplit
from models.task import outputs_of
from orchestrator.training.memory import is_out_of_memory, release_memory
from orchestrator.training.objective import Objective
from orchestrator.training.precision import Precision, autocast
from reports.ledger.record import Predictions, dtype_of_labels
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
    objective: Objective,
    batch_size: int,
    precision: Precision,
    *,
    change: Callable[[AnyInputs], AnyInputs] = lambda batch: batch,
) -> tuple[Predictions, float]:
    """Predict a split in its own order, and change each batch first; also return the mean loss.

    If a GPU runs out of memory, this continues with half as many utterances at once.
    """
    model.eval()
    device, logits = split.labels.device, None
    while logits is None:
        try:
            with autocast(device, precision):
                outputs = [model(change(batch)) for batch in split.in_order(batch_size)]
            logits = torch.cat([outputs_of(one).logits for one in outputs])
        except RuntimeError as error:
            is_last = batch_size == 1 or device.type == "cpu"
            if is_last or not is_out_of_memory(error):
                raise
        if logits is None:  # not in the handler: the error holds what filled the memory
            release_memory()
            batch_size = math.ceil(batch_size / 2)
    loss = objective.loss(logits, split.labels)
    return _predictions(split, objective, objective.predict(logits)), float(loss)


def predict_nothing(split: AnySplit, objective: Objective) -> Predictions:
    """Predict no emotion, every class alike, or 0."""
    nothing = 1 / split.labels.shape[1] if objective.task == "multiclass" else 0.0
    return _predictions(split, objective, torch.full_like(split.labels, nothing))


def _predictions(split: AnySplit, objective: Objective, probabilities: Tensor) -> Predictions:
    of_labels = dtype_of_labels(objective.task)
    return Predictions(
        ids=np.array(split.ids, dtype=np.str_),
        groups=np.array(split.groups, dtype=np.str_),
        labels=split.labels.cpu().numpy().astype(of_labels),
        probabilities=probabilities.cpu().numpy(),
    )
