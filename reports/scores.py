"""Metrics of the papers' tables: per emotion, then the plain mean over the emotions.

With TP, FP, TN, FN of one emotion (Le et al.; Xia et al., eq. 10-12):

    Acc = (TP + TN) / (TP + FP + TN + FN)
    WAcc = (TP / (TP + FN) + TN / (TN + FP)) / 2
    F1 = 2 TP / (2 TP + FP + FN)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from search_spaces.study import Metric

Labels = NDArray[np.int8]
Probabilities = NDArray[np.float32]

THRESHOLDS: NDArray[np.float64] = np.arange(1, 20) / 20
"""The candidates .05, .10, ..., .95, each the float64 nearest to it."""


class UndefinedScoreError(Exception):
    """The labels leave a metric without meaning: one of its denominators is 0."""


@dataclass(frozen=True)
class Outcomes:
    """What was decided about one emotion.

    Shapes:
        labels, probabilities: (U,)
    """

    labels: Labels
    probabilities: Probabilities
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def present(self) -> int:
        """How many utterances have the emotion."""
        return self.true_positive + self.false_negative

    @property
    def absent(self) -> int:
        """How many do not."""
        return self.true_negative + self.false_positive


@dataclass(frozen=True)
class EmotionScores:
    """One metric, a score for each emotion; None where it is undefined."""

    by_emotion: tuple[float | None, ...]

    @property
    def mean(self) -> float | None:
        """The plain mean, undefined as soon as one emotion's score is."""
        defined = [score for score in self.by_emotion if score is not None]
        return fmean(defined) if len(defined) == len(self.by_emotion) else None


def fit_thresholds(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """Choose each emotion's threshold: the one of best F1, the lowest of several best.

    Equal F1 are equal floats here, since each is one division of integers.

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
    """Call an emotion present where its probability is strictly above its threshold.

    The float32 probability is compared as the float64 that it exactly is: the float32 nearest to
    .1 lies above the float64 nearest to .1 and is positive, that nearest to .7 lies below .7.

    Shapes:
        probabilities: (U, K), thresholds: (K,) -> (U, K)
    """
    return probabilities.astype(np.float64) > thresholds


def accuracy(outcomes: Outcomes) -> float:
    """Compute the share of right decisions.

    Raises:
        UndefinedScoreError: If there is no utterance.
    """
    right = outcomes.true_positive + outcomes.true_negative
    return _ratio(right, outcomes.present + outcomes.absent, "utterances")


def balanced_accuracy(outcomes: Outcomes) -> float:
    """Compute WAcc, the mean of the recalls of presence and of absence.

    Raises:
        UndefinedScoreError: If no utterance has the emotion, or all have it.
    """
    specificity = _ratio(outcomes.true_negative, outcomes.absent, "utterances without the emotion")
    return (recall(outcomes) + specificity) / 2


def f1(outcomes: Outcomes) -> float:
    """Compute F1 of the emotion's presence; 0 if it is neither present nor called."""
    wrong = outcomes.false_positive + outcomes.false_negative
    return 2 * outcomes.true_positive / max(2 * outcomes.true_positive + wrong, 1)


def precision(outcomes: Outcomes) -> float:
    """Compute the share of right calls; like F1, 0 if nothing was called."""
    called = outcomes.true_positive + outcomes.false_positive
    return outcomes.true_positive / max(called, 1)


def recall(outcomes: Outcomes) -> float:
    """Compute the share of the emotion's utterances that were found.

    Raises:
        UndefinedScoreError: If no utterance has the emotion.
    """
    return _ratio(outcomes.true_positive, outcomes.present, "utterances with the emotion")


def auc(outcomes: Outcomes) -> float:
    """Compute the area under the ROC curve.

    Raises:
        UndefinedScoreError: If no utterance has the emotion, or all have it, or a probability is
            not a number.
    """
    from sklearn.metrics import roc_auc_score  # takes seconds to load, and few tables need it

    if outcomes.present == 0 or outcomes.absent == 0:
        raise UndefinedScoreError("AUC needs utterances with and without the emotion")
    if not np.isfinite(outcomes.probabilities).all():
        raise UndefinedScoreError("AUC needs finite probabilities")
    return float(roc_auc_score(outcomes.labels, outcomes.probabilities))


METRICS: dict[Metric, Callable[[Outcomes], float]] = {
    "acc": accuracy,
    "wacc": balanced_accuracy,
    "f1": f1,
    "precision": precision,
    "recall": recall,
    "auc": auc,
}


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
    emotions = find_outcomes(labels, probabilities, thresholds)
    return {
        metric: EmotionScores(tuple(_defined(METRICS[metric], emotion) for emotion in emotions))
        for metric in metrics
    }


def mean_scores(
    labels: Labels, probabilities: Probabilities, thresholds: NDArray[np.float64]
) -> dict[str, float]:
    """Average each metric over the emotions; one that is undefined is left out."""
    means = {name: s.mean for name, s in score(labels, probabilities, thresholds).items()}
    return {name: mean for name, mean in means.items() if mean is not None}


def find_outcomes(
    labels: Labels, probabilities: Probabilities, thresholds: NDArray[np.float64]
) -> list[Outcomes]:
    """Decide every utterance and count, emotion by emotion.

    Shapes:
        labels, probabilities: (U, K), thresholds: (K,)
    """
    truth, called = labels.astype(bool), decide(probabilities, thresholds)
    kinds = (truth & called, ~truth & called, ~truth & ~called, truth & ~called)
    counts = zip(*(kind.sum(axis=0).tolist() for kind in kinds), strict=True)
    return [
        Outcomes(labels[:, emotion], probabilities[:, emotion], *emotion_counts)
        for emotion, emotion_counts in enumerate(counts)
    ]


def _ratio(part: int, whole: int, name: str) -> float:
    if whole == 0:
        raise UndefinedScoreError(f"there are no {name}")
    return part / whole


def _defined(metric: Callable[[Outcomes], float], outcomes: Outcomes) -> float | None:
    try:
        return metric(outcomes)
    except UndefinedScoreError:
        return None
