"""Metrics of predicted numbers; see `search_spaces.metrics.numbers` for their sources.

Each is NaN for a target without utterances, or with a prediction that is not a finite number.

Shapes:
    labels, predicted: (U, K) -> (K,)
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from reports.metrics.classes import class_accuracy, class_weighted_f1
from reports.metrics.decisions import Scores

Column = NDArray[np.float64]


def _of_each(
    score: Callable[[Column, Column], float],
) -> Callable[[NDArray[np.floating], NDArray[np.floating]], Scores]:
    """Apply a function of one target to each of several."""

    @wraps(score)
    def of_each(labels: NDArray[np.floating], predicted: NDArray[np.floating]) -> Scores:
        columns = zip(labels.T.astype(np.float64), predicted.T.astype(np.float64), strict=True)
        return np.array(
            [
                score(truth, column) if truth.size and np.isfinite(column).all() else np.nan
                for truth, column in columns
            ]
        )

    return of_each


@_of_each
def mae(truth: Column, predicted: Column) -> float:
    """Compute the mean absolute error."""
    return float(np.abs(truth - predicted).mean())


@_of_each
def pearson(truth: Column, predicted: Column) -> float:
    """Compute Pearson's correlation; NaN if one side is constant."""
    if not np.ptp(truth) or not np.ptp(predicted):
        return np.nan
    return float(np.corrcoef(truth, predicted)[0, 1])


@_of_each
def ccc(truth: Column, predicted: Column) -> float:
    """Compute Lin's concordance: 2 cov / (var + var + (difference of the means)^2).

    It is NaN if the labels are constant, and 0 if only the predictions are.
    """
    if not np.ptp(truth):
        return np.nan
    if not np.ptp(predicted):
        return 0.0
    covariance = ((truth - truth.mean()) * (predicted - predicted.mean())).mean()
    apart = (truth.mean() - predicted.mean()) ** 2
    return float(2 * covariance / (truth.var() + predicted.var() + apart))


@_of_each
def acc2_non_negative(truth: Column, predicted: Column) -> float:
    """Compute the accuracy of negative against non-negative."""
    return float(class_accuracy(_confuse(truth >= 0, predicted >= 0)))


@_of_each
def acc2_positive(truth: Column, predicted: Column) -> float:
    """Compute the accuracy of positive against the rest where the label is not 0."""
    known = truth != 0
    return float(class_accuracy(_confuse(truth[known] > 0, predicted[known] > 0)))


@_of_each
def f1_non_negative(truth: Column, predicted: Column) -> float:
    """Compute the weighted F1 of negative and non-negative."""
    return float(class_weighted_f1(_confuse(truth >= 0, predicted >= 0)))


@_of_each
def f1_positive(truth: Column, predicted: Column) -> float:
    """Compute the weighted F1 of positive and the rest where the label is not 0."""
    known = truth != 0
    return float(class_weighted_f1(_confuse(truth[known] > 0, predicted[known] > 0)))


@_of_each
def acc5(truth: Column, predicted: Column) -> float:
    """Compute the accuracy of both clipped to -2 to 2 and rounded."""
    return _rounded_accuracy(truth, predicted, 2)


@_of_each
def acc7(truth: Column, predicted: Column) -> float:
    """Compute the accuracy of both clipped to -3 to 3 and rounded."""
    return _rounded_accuracy(truth, predicted, 3)


def _rounded_accuracy(truth: Column, predicted: Column, most: int) -> float:
    classes = (np.round(np.clip(one, -most, most)) for one in (truth, predicted))
    return float(np.equal(*classes).mean())


def _confuse(truth: NDArray[np.bool_], given: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count two classes, the negative first: (2, 2)."""
    confusion = np.zeros((2, 2), dtype=np.int64)
    np.add.at(confusion, (truth.astype(int), given.astype(int)), 1)
    return confusion
