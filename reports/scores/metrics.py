"""Metrics of the papers' tables: a score for each emotion, then the plain mean over the emotions.

With TP, FP, TN and FN of one emotion (Le et al.; Xia et al., eq. 10-12):

    Acc = (TP + TN) / (TP + FP + TN + FN)
    WAcc = (TP / (TP + FN) + TN / (TN + FP)) / 2
    F1 = 2 TP / (2 TP + FP + FN)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.terms import Metric

Labels = NDArray[np.number[Any]]
Probabilities = NDArray[np.float32]
Counts = NDArray[np.int64]
Scores = NDArray[np.float64]

THRESHOLDS: NDArray[np.float64] = np.arange(1, 20) / 20
"""The candidates .05, .10, ..., .95, each as the nearest float64."""


@dataclass(frozen=True)
class EmotionScores:
    """One metric: a score for each emotion, None if the metric is undefined."""

    by_emotion: tuple[float | None, ...]

    @property
    def mean(self) -> float | None:
        """The plain mean; undefined if the score of any emotion is undefined."""
        defined = [score for score in self.by_emotion if score is not None]
        return fmean(defined) if len(defined) == len(self.by_emotion) else None


def fit_thresholds(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """Choose the threshold of the best F1 for each emotion; of several best, the lowest.

    Each F1 is one division of integers, so equal F1 are equal floats.

    Shapes:
        labels, probabilities: (U, K) -> (K,)
    """
    truth = labels.astype(bool)
    positive = probabilities.astype(np.float64) > THRESHOLDS[:, None, None]  # (19, U, K)
    hits = (positive & truth).sum(axis=1)  # (19, K)
    denominator = positive.sum(axis=1) + truth.sum(axis=0)  # (19, K)
    f1 = np.divide(2 * hits, denominator, out=np.zeros(hits.shape), where=denominator > 0)
    return THRESHOLDS[f1.argmax(axis=0)]


def decide(probabilities: Probabilities, thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Decide that an emotion is present if its probability is strictly above its threshold.

    The float32 probability is compared as a float64 of exactly the same value: the float32 nearest
    to .1 lies above the float64 nearest to .1, so it is positive; the one nearest to .7 lies below.

    Departure: the code base of Dai et al. compares in float32, where neither is positive. Ten of
    the 19 candidates (.05, .1, .15, .2, .3, .4, .55, .6, .8, .85) decide otherwise for that one
    probability, and for no other. No logit in bfloat16 has it. Tables of older records would change
    if it were negative, so it stays positive.

    Shapes:
        probabilities: (U, K), thresholds: (K,) -> (U, K)
    """
    return probabilities.astype(np.float64) > thresholds


def count(labels: Labels, called: NDArray[np.bool_]) -> Counts:
    """Mark each decision as right or wrong, in the order TP, FP, TN, FN.

    Shapes:
        labels, called: (..., K) -> (..., K, 4), 0 or 1; their sums over utterances are counts
    """
    truth = labels.astype(bool)
    kinds = (truth & called, ~truth & called, ~truth & ~called, truth & ~called)
    return np.stack(kinds, axis=-1).astype(np.int64)


def accuracy(counts: Counts) -> Scores:
    """Compute the share of right decisions."""
    true_positive, _, true_negative, _ = _split(counts)
    return _divide(true_positive + true_negative, counts.sum(axis=-1))


def balanced_accuracy(counts: Counts) -> Scores:
    """Compute WAcc, the mean of the recalls of presence and of absence."""
    _, false_positive, true_negative, _ = _split(counts)
    specificity = _divide(true_negative, true_negative + false_positive)
    return (recall(counts) + specificity) / 2


def f1(counts: Counts) -> Scores:
    """Compute F1 of the emotion's presence; 0 if it is neither present nor predicted."""
    true_positive, false_positive, _, false_negative = _split(counts)
    wrong = false_positive + false_negative
    return _divide(2 * true_positive, np.maximum(2 * true_positive + wrong, 1))


def precision(counts: Counts) -> Scores:
    """Compute the share of right positive decisions; like F1, 0 if there are none."""
    true_positive, false_positive, _, _ = _split(counts)
    return _divide(true_positive, np.maximum(true_positive + false_positive, 1))


def recall(counts: Counts) -> Scores:
    """Compute the share of the emotion's utterances that were found."""
    true_positive, _, _, false_negative = _split(counts)
    return _divide(true_positive, true_positive + false_negative)


COUNTED: dict[Metric, Callable[[Counts], Scores]] = {
    "acc": accuracy,
    "wacc": balanced_accuracy,
    "f1": f1,
    "precision": precision,
    "recall": recall,
}
"""Metrics that need only counts of decisions; they are NaN if a denominator is 0.

Shapes:
    (..., 4): TP, FP, TN, FN -> (...)
"""

METRICS: tuple[Metric, ...] = (*COUNTED, "auc")


def auc(labels: Labels, probabilities: Probabilities) -> Scores:
    """Compute the area under each emotion's ROC curve.

    It is NaN if no utterance or every utterance has the emotion, or if a probability is NaN.

    Shapes:
        labels, probabilities: (U, K) -> (K,)
    """
    from sklearn.metrics import roc_auc_score  # it takes seconds to load, and few tables need it

    present = labels.sum(axis=0)
    defined = (present > 0) & (present < len(labels)) & np.isfinite(probabilities).all(axis=0)
    return np.array(
        [
            roc_auc_score(truth, column) if is_defined else np.nan
            for truth, column, is_defined in zip(
                labels.T, probabilities.T, defined.tolist(), strict=True
            )
        ]
    )


def score(
    labels: Labels,
    probabilities: Probabilities,
    thresholds: NDArray[np.float64],
    metrics: Iterable[Metric] = METRICS,
) -> dict[Metric, EmotionScores]:
    """Score each emotion by each metric.

    Shapes:
        labels, probabilities: (U, K), thresholds: (K,)
    """
    counts = count(labels, decide(probabilities, thresholds)).sum(axis=0)
    return {
        metric: as_scores(
            auc(labels, probabilities) if metric == "auc" else COUNTED[metric](counts)
        )
        for metric in metrics
    }


def as_scores(values: Scores) -> EmotionScores:
    """Turn one metric's values into scores; NaN becomes None."""
    return EmotionScores(tuple(None if np.isnan(value) else float(value) for value in values))


def mean_scores(
    labels: Labels, probabilities: Probabilities, thresholds: NDArray[np.float64]
) -> dict[str, float]:
    """Average each metric over the emotions; leave out undefined metrics."""
    means = {name: s.mean for name, s in score(labels, probabilities, thresholds).items()}
    return {name: mean for name, mean in means.items() if mean is not None}


def _split(counts: Counts) -> Counts:
    """Move the axis of the four counts to the front."""
    return np.moveaxis(counts, -1, 0)


def _divide(part: Counts, whole: Counts) -> Scores:
    """Divide; the result is NaN if the denominator is 0."""
    undefined = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=undefined, where=whole > 0)
