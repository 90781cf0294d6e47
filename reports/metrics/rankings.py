"""Metrics of probabilities, by scikit-learn, which takes seconds to load: few tables need it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.metrics.decisions import Scores

Labels = NDArray[np.number[Any]]
Probabilities = NDArray[np.float32]


def auc(labels: Labels, probabilities: Probabilities) -> Scores:
    """Compute the area under each emotion's ROC curve.

    It is NaN if no utterance or every utterance has the emotion, or if a probability is NaN.

    Shapes:
        labels, probabilities: (U, K) -> (K,)
    """
    from sklearn.metrics import roc_auc_score

    present = labels.sum(axis=0)
    return _each(roc_auc_score, labels, probabilities, (present > 0) & (present < len(labels)))


def average_precision(labels: Labels, probabilities: Probabilities) -> Scores:
    """Compute the area under each emotion's curve of precision over recall.

    It is NaN if no utterance has the emotion, or if a probability is NaN.

    Shapes:
        labels, probabilities: (U, K) -> (K,)
    """
    from sklearn.metrics import average_precision_score

    return _each(average_precision_score, labels, probabilities, labels.sum(axis=0) > 0)


def subset_accuracy(labels: Labels, called: NDArray[np.bool_]) -> Scores:
    """Compute the share of utterances of which every decision is right; NaN without utterances.

    Shapes:
        labels, called: (U, K) -> ()
    """
    is_right = (labels.astype(bool) == called).all(axis=1)
    return np.array(is_right.mean() if is_right.size else np.nan)


def _each(
    score: Callable[..., float],
    labels: Labels,
    probabilities: Probabilities,
    is_defined: NDArray[np.bool_],
) -> Scores:
    is_defined = is_defined & np.isfinite(probabilities).all(axis=0)
    return np.array(
        [
            score(truth, column) if defined else np.nan
            for truth, column, defined in zip(
                labels.T, probabilities.T, is_defined.tolist(), strict=True
            )
        ]
    )
