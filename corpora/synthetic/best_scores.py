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


def best_scores_of(joint: NDArray[np.float64], labels: NDArray[np.int64]) -> BestScores:
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
