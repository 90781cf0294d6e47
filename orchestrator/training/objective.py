"""What a model is trained for: the loss, and what its logits predict, by the kind of task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    logsigmoid,
    mse_loss,
)

from corpora.batches.corpus import AnyCorpus, positive_weights
from corpora.source.task import TaskKind
from orchestrator.errors import LossError
from search_spaces.training import LOSSES, Loss, TrainingConfig

OF_LABELS = "labels"
"""The name of the loss of the labels, beside the losses that a model returns."""

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""The mean loss of utterances: logits and labels, (B, K) each, -> ()."""


@dataclass(frozen=True)
class Objective:
    """What a model is trained for.

    Attributes:
        task: What the labels are.
        loss: The mean loss of some utterances.
        predict: Turns logits into probabilities, or into numbers if the task is regression: (B, K)
            each.
        smoothing: How much of each label is spread over all values while a model trains.
        drawn_by: The weights by which an epoch draws utterances, (U,), on the CPU; None if it has
            each once.
    """

    task: TaskKind
    loss: LossFunction
    predict: Callable[[Tensor], Tensor]
    smoothing: float = 0.0
    drawn_by: Tensor | None = None

    def training_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss with smoothed labels (Szegedy et al. 2016, eq. 7).

        Shapes:
            logits, labels: (B, K) -> ()
        """
        if self.smoothing:
            uniform = 1 / labels.shape[1] if self.task == "multiclass" else 0.5
            labels = (1 - self.smoothing) * labels + self.smoothing * uniform
        return self.loss(logits, labels)


def make_objective(corpus: AnyCorpus, config: TrainingConfig) -> Objective:
    """Make what a config trains a model for on a corpus; weights come from the training split."""
    task = corpus.task
    loss = config.loss or LOSSES[task][0]
    labels = corpus.splits["train"].labels
    weights = _WEIGHTS[task](labels) if config.class_weights == "balanced" else None
    return Objective(
        task=task,
        loss=loss_function(task, loss, weights, config.focal_gamma),
        predict=PREDICTIONS[task],
        smoothing=config.label_smoothing,
        drawn_by=(labels @ class_weights(labels)).cpu() if config.sampling == "balanced" else None,
    )


def weigh(losses: Mapping[str, Tensor], config: TrainingConfig) -> Tensor | float:
    """Add up the weighted losses that a model returns beside its logits.

    Raises:
        LossError: If `auxiliary_losses` names a loss that the model does not return.
    """
    if missing := [name for name in config.auxiliary_losses if name not in losses]:
        raise LossError(
            f"auxiliary_losses: the model returns no loss '{missing[0]}'; "
            + (f"choose from {', '.join(losses)}" if losses else "it returns its logits alone")
        )
    return sum(config.auxiliary_losses.get(name, 1.0) * loss for name, loss in losses.items())


def class_weights(labels: Tensor) -> Tensor:
    """Return weights of classes such that each has as much weight in total: U / (K U_k).

    A class without utterances has the weight of a class with one.

    Shapes:
        labels: (U, K), one-hot -> (K,)
    """
    num_utterances, num_classes = labels.shape
    return num_utterances / (num_classes * labels.sum(0).clamp(min=1))


def loss_function(task: TaskKind, loss: Loss, weights: Tensor | None, gamma: float) -> LossFunction:
    """Return a loss.

    Args:
        task: What the labels are.
        loss: One of the task's (`LOSSES`).
        weights: The weights of positives or of classes, (K,); None if all are 1.
        gamma: The exponent of the loss "focal".
    """
    match task, loss:
        case _, "bce":
            return partial(binary_cross_entropy_with_logits, pos_weight=weights)
        case _, "cross_entropy":
            return partial(_class_loss, weights=weights, gamma=0.0)
        case "multilabel", "focal":
            return partial(_binary_focal_loss, weights=weights, gamma=gamma)
        case "multiclass", "focal":
            return partial(_class_loss, weights=weights, gamma=gamma)
        case _, "l1":
            return l1_loss
        case _:
            return mse_loss


_WEIGHTS: dict[TaskKind, Callable[[Tensor], Tensor | None]] = {
    "multilabel": positive_weights,
    "multiclass": class_weights,
    "regression": lambda labels: None,
}

PREDICTIONS: dict[TaskKind, Callable[[Tensor], Tensor]] = {
    "multilabel": torch.sigmoid,
    "multiclass": partial(torch.softmax, dim=1),
    "regression": lambda logits: logits,
}
"""What logits predict in each kind of task: (B, K) each."""


def _binary_focal_loss(
    logits: Tensor, labels: Tensor, *, weights: Tensor | None, gamma: float
) -> Tensor:
    """Weigh the binary cross-entropy by (1 - p of the label) ** gamma (Lin et al. 2017, eq. 4)."""
    loss = binary_cross_entropy_with_logits(logits, labels, pos_weight=weights, reduction="none")
    wrong = labels * logsigmoid(-logits).exp() + (1 - labels) * logits.sigmoid()
    return (wrong**gamma * loss).mean()


def _class_loss(logits: Tensor, labels: Tensor, *, weights: Tensor | None, gamma: float) -> Tensor:
    """Weigh the cross-entropy by (1 - p of the class) ** gamma; the mean is over utterances.

    PyTorch divides by the sum of the weights in the batch instead. Then the gradient of a batch
    would not be the mean over its micro-batches.
    """
    loss = cross_entropy(logits, labels, weight=weights, reduction="none")
    if gamma:
        loss = (1 - (labels * logits.softmax(1)).sum(1)).clamp(min=0) ** gamma * loss
    return loss.mean()
