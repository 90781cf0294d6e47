"""Scores of one split: decisions at thresholds, and from them the score of every metric."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.source.task import TaskKind
from reports.metrics.classes import confuse
from reports.metrics.decisions import Counts, Scores
from reports.metrics.formulas import formula_of
from reports.metrics.rankings import Labels, Probabilities
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import metric_for
from search_spaces.terms import MetricName

OF_EPOCHS: Mapping[TaskKind, tuple[MetricName, ...]] = {
    "multilabel": ("acc", "wacc", "f1", "precision", "recall", "auc"),
    "multiclass": ("acc", "uar", "f1", "precision", "weighted_f1", "auc"),
    "regression": ("mae", "pearson", "ccc", "acc2_non_negative", "acc2_positive", "acc7"),
}
"""The metrics on validation after each epoch, by the kind of task."""

THRESHOLDS: NDArray[np.float64] = np.arange(1, 20) / 20
"""The candidates .05, .10, ..., .95, each as the nearest float64."""


@dataclass(frozen=True)
class EmotionScores:
    """One metric: its overall score, and one for each emotion; None where it is undefined.

    `by_emotion` is empty if the metric has no score of a single emotion.
    """

    by_emotion: tuple[float | None, ...]
    overall: float | None


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


def score(
    labels: Labels,
    probabilities: Probabilities,
    thresholds: NDArray[np.float64],
    metrics: Iterable[MetricName] = OF_EPOCHS["multilabel"],
    task: TaskKind = "multilabel",
) -> dict[MetricName, EmotionScores]:
    """Score each emotion, class or target by each metric.

    Shapes:
        labels, probabilities: (U, K), thresholds: (K,), or (0,) if no metric needs decisions

    Raises:
        StudyError: If there is no metric of a name, its function is not loaded, or the task does
            not admit it.
    """
    scores = {}
    for name in metrics:
        metric = metric_for(name, task)
        inputs = inputs_of(metric, labels, probabilities, thresholds)
        scores[name] = compute(metric, inputs, labels.shape[1])
    return scores


Inputs = tuple[NDArray[Any], ...]
"""What the functions of a metric get."""


def inputs_of(
    metric: Metric,
    labels: Labels,
    probabilities: Probabilities,
    thresholds: NDArray[np.float64],
) -> Inputs | None:
    """Make what a metric is computed from; None if it is undefined on this split.

    Shapes:
        labels, probabilities: (U, K), thresholds: (K,)
    """
    match metric.needs:
        case "counts":
            return (count(labels, decide(probabilities, thresholds)).sum(axis=0),)
        case "decisions":
            return labels, decide(probabilities, thresholds)
        case "argmax":
            confused = confuse(labels, probabilities)
            return None if confused is None else (confused.sum(axis=0),)
        case "probabilities" | "numbers":
            return labels, probabilities


def compute(metric: Metric, inputs: Inputs | None, num_emotions: int) -> EmotionScores:
    """Compute a metric; all its scores are undefined without inputs."""
    if inputs is None:
        return EmotionScores((None,) * num_emotions if metric.of_each else (), None)
    formula = formula_of(metric)
    each = None if formula.each is None else formula.each(*inputs)
    if formula.overall is None:
        return as_scores(np.array([]) if each is None else each)
    (overall,) = _defined(formula.overall(*inputs).reshape(1))
    return EmotionScores(() if each is None else _defined(each), overall)


def as_scores(values: Scores) -> EmotionScores:
    """Turn one metric's values into scores; NaN becomes None.

    The overall score is the plain mean; it is undefined if the score of any emotion is.
    """
    by_emotion = _defined(values)
    defined = [value for value in by_emotion if value is not None]
    is_whole = 0 < len(defined) == len(by_emotion)
    return EmotionScores(by_emotion, fmean(defined) if is_whole else None)


def mean_scores(
    labels: Labels,
    probabilities: Probabilities,
    thresholds: NDArray[np.float64],
    task: TaskKind = "multilabel",
) -> dict[str, float]:
    """Return the overall scores that a kind of task has after each epoch; no undefined ones."""
    scores = score(labels, probabilities, thresholds, OF_EPOCHS[task], task)
    return {name: one.overall for name, one in scores.items() if one.overall is not None}


def _defined(values: Scores) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
