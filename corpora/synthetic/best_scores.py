"""The best scores that any classifier can reach when the joint distribution is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

METRICS = ("f1", "wacc", "acc")


@dataclass(frozen=True)
class BestScores:
    """Best reachable scores, one for each emotion: fractions, on an endless corpus."""

    f1: tuple[float, ...]
    wacc: tuple[float, ...]  # balanced accuracy
    acc: tuple[float, ...]

    def average(self, metric: str) -> float:
        """Average a metric over the emotions."""
        scores: dict[str, Sequence[float]] = {"f1": self.f1, "wacc": self.wacc, "acc": self.acc}
        return float(np.mean(scores[metric]))


def best_scores_of(joint: NDArray[np.float64], labels: NDArray[np.float64]) -> BestScores:
    """Score the best threshold on each label's posterior.

    A classifier that marks a set of states positive has, in expectation, TP = sum of P(state, 1)
    and FP = sum of P(state, 0) over the set. For each of the three metrics some best set holds the
    states whose posterior is above a threshold, so trying every threshold is exact.

    Shapes:
        joint: (states, Y), P(state, labels[y]); all sum to 1
        labels: (Y, K), 0 or 1
    """
    total = joint.sum(1)
    scores = [_best(joint @ labels[:, emotion], total) for emotion in range(labels.shape[1])]
    f1, wacc, acc = zip(*scores, strict=True)
    return BestScores(f1, wacc, acc)


@dataclass(frozen=True)
class BestClassScores:
    """Best reachable scores of classes: fractions, on an endless corpus."""

    accuracy: float
    uar: float  # unweighted average recall: the mean over classes


def best_class_scores_of(
    joint: NDArray[np.float64], labels: NDArray[np.float64]
) -> BestClassScores:
    """Score the best choice of a class in each state.

    The likeliest class is right most often. UAR weighs a class by one over its share, so the class
    with the largest P(state | class) is best.

    Shapes:
        joint: (states, Y), P(state, labels[y]); all sum to 1
        labels: (Y, K), 0 or 1, one of them 1
    """
    of_class = joint @ labels  # (states, K)
    recalls = of_class / of_class.sum(0)
    return BestClassScores(
        accuracy=float(of_class.max(1).sum()), uar=float(recalls.max(1).sum() / labels.shape[1])
    )


@dataclass(frozen=True)
class BestNumberScores:
    """Best reachable scores of one target, on an endless corpus."""

    mae: float
    correlation: float


def best_number_scores_of(
    joint: NDArray[np.float64], labels: NDArray[np.float64]
) -> BestNumberScores:
    """Score the best number for each state: its median for the mean absolute error, else its mean.

    The correlation of any prediction with the target is at most that of the mean in each state,
    sqrt(Var(E[target | state]) / Var(target)).

    Shapes:
        joint: (states, Y), P(state, labels[y]); all sum to 1
        labels: (Y, 1)
    """
    order = np.argsort(labels[:, 0], kind="stable")
    values, joint = labels[order, 0], joint[:, order]
    total = joint.sum(1)
    medians = values[(np.cumsum(joint, axis=1) >= total[:, None] / 2).argmax(1)]
    mean = total @ (joint @ values / np.maximum(total, 1e-300))
    explained = total @ (joint @ values / np.maximum(total, 1e-300) - mean) ** 2
    variance = joint.sum(0) @ (values - mean) ** 2
    return BestNumberScores(
        mae=float((joint * np.abs(values - medians[:, None])).sum()),
        correlation=float(np.sqrt(explained / variance)),
    )


def _best(positive: NDArray[np.float64], total: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the best F1, balanced accuracy and accuracy for P(state, 1) and P(state)."""
    order = np.argsort(-positive / np.maximum(total, 1e-300), kind="stable")
    true_positive = np.concatenate([[0.0], np.cumsum(positive[order])])
    marked = np.concatenate([[0.0], np.cumsum(total[order])])
    share = positive.sum()
    true_negative = 1 - share - (marked - true_positive)
    f1 = 2 * true_positive / (marked + share)
    wacc = (true_positive / share + true_negative / (1 - share)) / 2
    acc = true_positive + true_negative
    return float(f1.max()), float(wacc.max()), float(acc.max())
