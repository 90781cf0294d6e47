"""Metrics of emotions, from counts of decisions: TP, FP, TN and FN.

They are NaN where a denominator is 0.

Shapes:
    (..., K, 4) -> (..., K) for each emotion, or (...) for all together
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Scores = NDArray[np.float64]


def accuracy(counts: Counts) -> Scores:
    """Compute the share of right decisions."""
    true_positive, _, true_negative, _ = _split(counts)
    return divide(true_positive + true_negative, counts.sum(axis=-1))


def balanced_accuracy(counts: Counts) -> Scores:
    """Compute WAcc, the mean of the recalls of presence and of absence."""
    _, false_positive, true_negative, _ = _split(counts)
    specificity = divide(true_negative, true_negative + false_positive)
    return (recall(counts) + specificity) / 2


def f1(counts: Counts) -> Scores:
    """Compute F1 of the emotion's presence; 0 if it is neither present nor predicted."""
    true_positive, false_positive, _, false_negative = _split(counts)
    wrong = false_positive + false_negative
    return divide(2 * true_positive, np.maximum(2 * true_positive + wrong, 1))


def precision(counts: Counts) -> Scores:
    """Compute the share of right positive decisions; like F1, 0 if there are none."""
    true_positive, false_positive, _, _ = _split(counts)
    return divide(true_positive, np.maximum(true_positive + false_positive, 1))


def recall(counts: Counts) -> Scores:
    """Compute the share of the emotion's utterances that were found."""
    true_positive, _, _, false_negative = _split(counts)
    return divide(true_positive, true_positive + false_negative)


def hamming_loss(counts: Counts) -> Scores:
    """Compute the share of wrong decisions."""
    _, false_positive, _, false_negative = _split(counts)
    return divide(false_positive + false_negative, counts.sum(axis=-1))


def micro_f1(counts: Counts) -> Scores:
    """Compute F1 of the counts added over the emotions."""
    return f1(counts.sum(axis=-2))


def weighted_f1(counts: Counts) -> Scores:
    """Average F1 by the number of utterances with each emotion; NaN if no utterance has any."""
    true_positive, _, _, false_negative = _split(counts)
    return weigh(f1(counts), true_positive + false_negative)


def weigh(scores: Scores, sizes: NDArray[np.number[Any]]) -> Scores:
    """Average scores by sizes; NaN if all sizes are 0.

    Shapes:
        scores, sizes: (..., K) -> (...)
    """
    return divide((scores * sizes).sum(axis=-1), sizes.sum(axis=-1))


def divide(part: NDArray[np.number[Any]], whole: NDArray[np.number[Any]]) -> Scores:
    """Divide; the result is NaN if the denominator is 0."""
    undefined = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=undefined, where=whole > 0)


def _split(counts: Counts) -> Counts:
    """Move the axis of the four counts to the front."""
    return np.moveaxis(counts, -1, 0)
