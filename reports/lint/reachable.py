"""Which printed pairs of accuracy and F1 a classifier can have on a test split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.printed.numbers import Number
from search_spaces.printed.supports import Support

Integers = NDArray[Any]
"""Exact integers: 64-bit integers, or Python's own."""


def is_reachable(support: Support, accuracy: Number, f1: Number, *, balanced: bool) -> bool:
    """Say whether any (TP, FP) gives both numbers, each within one unit of its last digit.

    For every TP, each of the two numbers allows an interval of FP. The arithmetic is exact.

    Args:
        support: The counts of the test split.
        accuracy: (TP + TN) / (P + N), or with `balanced` (TP / P + TN / N) / 2.
        f1: 2 TP / (TP + FP + P).
        balanced: Whether the accuracy is the balanced one.
    """
    true_positives = np.arange(support.positives + 1, dtype=_dtype(support, accuracy, f1))
    low, high = _false_positives_of_f1(support, true_positives, f1)
    correct = _negatives_of_balanced if balanced else _negatives_of_plain
    least, most = correct(support, true_positives, accuracy)
    low = np.maximum(low, support.negatives - most)
    high = np.minimum(high, support.negatives - least)
    return bool(np.any(np.maximum(low, 0) <= np.minimum(high, support.negatives)))


def _dtype(support: Support, accuracy: Number, f1: Number) -> type[np.generic]:
    """Choose integers that hold every product below: 64-bit integers, or else Python's own."""
    scale = max(_in_steps(accuracy)[1], _in_steps(f1)[1])
    largest = 4 * scale * (support.positives + support.negatives) ** 2
    return np.int64 if largest < 2**63 else np.object_


def _false_positives_of_f1(
    support: Support, true_positives: Integers, f1: Number
) -> tuple[Integers, Integers]:
    """Bound FP by (v - 1) / s <= 2 TP / (TP + FP + P) <= (v + 1) / s, for F1 printed as v / s."""
    printed, scale = _in_steps(f1)
    doubled, known = 2 * scale * true_positives, true_positives + support.positives
    low = _ceil_div(doubled, printed + 1) - known
    if printed <= 1:
        return low, np.full_like(low, support.negatives)
    return low, doubled // (printed - 1) - known


def _negatives_of_plain(
    support: Support, true_positives: Integers, accuracy: Number
) -> tuple[Integers, Integers]:
    """Bound TN by (v - 1) / s <= (TP + TN) / (P + N) <= (v + 1) / s."""
    printed, scale = _in_steps(accuracy)
    total = support.positives + support.negatives
    least = -(-(printed - 1) * total // scale)
    return least - true_positives, (printed + 1) * total // scale - true_positives


def _negatives_of_balanced(
    support: Support, true_positives: Integers, accuracy: Number
) -> tuple[Integers, Integers]:
    """Bound TN by (v - 1) / s <= (TP / P + TN / N) / 2 <= (v + 1) / s."""
    printed, scale = _in_steps(accuracy)
    product = support.positives * support.negatives
    known = scale * true_positives * support.negatives
    divisor = scale * support.positives
    least = _ceil_div(2 * (printed - 1) * product - known, divisor)
    return least, (2 * (printed + 1) * product - known) // divisor


def _in_steps(number: Number) -> tuple[int, int]:
    """Write a number as v / s in units of its last digit."""
    return int(number.value / number.step), int(1 / number.step)


def _ceil_div(dividend: Integers, divisor: int) -> Integers:
    return -(-dividend // divisor)
