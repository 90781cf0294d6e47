"""Metrics of classes, from a confusion matrix: true classes by given ones.

They are NaN where a denominator is 0.

Shapes:
    (..., K, K) -> (..., K) for each class, or (...) for all together
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.metrics.decisions import Counts, Scores, divide, weigh


def is_one_hot(labels: NDArray[np.number[Any]]) -> bool:
    """Say whether each utterance has exactly one class.

    Shapes:
        labels: (U, K)
    """
    return bool((labels.sum(axis=1) == 1).all())


def confuse(
    labels: NDArray[np.number[Any]], probabilities: NDArray[np.floating[Any]]
) -> Counts | None:
    """Mark the true class of each utterance, and the one of its highest probability.

    Shapes:
        labels, probabilities: (U, K) -> (U, K, K), 0 or 1; sums over utterances are confusion
        matrices

    Returns:
        None if an utterance has not exactly one class, or a probability is not a finite number.
    """
    if not is_one_hot(labels) or not np.isfinite(probabilities).all():
        return None
    num_classes = labels.shape[1]
    given = np.eye(num_classes, dtype=np.int64)[probabilities.argmax(axis=1)]  # (U, K)
    marks: Counts = labels.astype(np.int64)[:, :, None] * given[:, None, :]
    return marks


def class_accuracy(confusion: Counts) -> Scores:
    """Compute the share of utterances that are given their class."""
    return divide(_right(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def class_recall(confusion: Counts) -> Scores:
    """Compute the share of each class's utterances that are given it."""
    return divide(_right(confusion), confusion.sum(axis=-1))


def class_precision(confusion: Counts) -> Scores:
    """Compute the share of right ones of what is given a class; like F1, 0 if nothing is."""
    return divide(_right(confusion), np.maximum(confusion.sum(axis=-2), 1))


def class_f1(confusion: Counts) -> Scores:
    """Compute F1 of each class; 0 if it neither occurs nor is given."""
    sizes = confusion.sum(axis=-1) + confusion.sum(axis=-2)  # 2 TP + FP + FN
    return divide(2 * _right(confusion), np.maximum(sizes, 1))


def class_weighted_f1(confusion: Counts) -> Scores:
    """Average F1 of the classes by their numbers of utterances."""
    return weigh(class_f1(confusion), confusion.sum(axis=-1))


def _right(confusion: Counts) -> Counts:
    """Count what is given its class, by class: (..., K)."""
    return np.diagonal(confusion, axis1=-2, axis2=-1)
