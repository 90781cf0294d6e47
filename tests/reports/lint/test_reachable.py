from fractions import Fraction
from itertools import product
from math import ceil, floor

import pytest

from reports.lint.reachable import is_reachable
from search_spaces.printed.numbers import read_number
from search_spaces.printed.supports import Support

every_support = pytest.mark.parametrize(
    "support", [Support(7, 13), Support(1, 9), Support(9, 1), Support(12, 12)], ids=str
)


def scores_of(support: Support, *, balanced: bool) -> list[tuple[Fraction, Fraction]]:
    """Give accuracy and F1 of every (TP, FP)."""
    p, n = support.positives, support.negatives
    scores = []
    for tp, fp in product(range(p + 1), range(n + 1)):
        tn = n - fp
        recalls = (Fraction(tp, p) + Fraction(tn, n)) / 2
        accuracy = recalls if balanced else Fraction(tp + tn, p + n)
        scores.append((accuracy, Fraction(2 * tp, tp + fp + p)))
    return scores


def percents_near(score: Fraction) -> range:
    """List the whole percents that are at most one unit away."""
    return range(ceil(100 * score - 1), floor(100 * score + 1) + 1)


@every_support
@pytest.mark.parametrize("balanced", [False, True])
def test_search_equals_trying_every_classifier(support: Support, balanced: bool) -> None:
    within = {
        pair
        for accuracy, f1 in scores_of(support, balanced=balanced)
        for pair in product(percents_near(accuracy), percents_near(f1))
    }
    for accuracy, f1 in product(range(0, 101, 3), repeat=2):
        expected = (accuracy, f1) in within
        printed = [read_number(f"{value / 100:.2f}", "fraction") for value in (accuracy, f1)]
        assert is_reachable(support, *printed, balanced=balanced) == expected


def test_one_unit_away_is_still_within_reach() -> None:
    # TP 1, FP 1 of 4 + 4: accuracy .5, F1 2/6
    support = Support(4, 4)
    f1 = read_number("33.3", "percent")
    for accuracy, expected in (("50.1", True), ("50.2", False)):
        printed = read_number(accuracy, "percent")
        assert is_reachable(support, printed, f1, balanced=False) == expected


def test_numbers_of_many_digits_are_still_exact() -> None:
    # TP 700, FP 300 of 1,000 + 3,000: accuracy .85, F1 1400/2000; the products need 70 bits
    support = Support(1_000, 3_000)
    f1 = read_number("0.70000000000000", "fraction")
    for accuracy, expected in (("0.85000000000001", True), ("0.85000000000002", False)):
        printed = read_number(accuracy, "fraction")
        assert is_reachable(support, printed, f1, balanced=False) == expected


def test_percent_and_fraction_are_one() -> None:
    support = Support(234, 1_247)
    for accuracy, f1 in (("65.9", "48.9"), ("90.1", "66.8")):
        percent = [read_number(text, "percent") for text in (accuracy, f1)]
        fraction = [read_number(f"{float(t) / 100:.3f}", "fraction") for t in (accuracy, f1)]
        assert is_reachable(support, *percent, balanced=False) == is_reachable(
            support, *fraction, balanced=False
        )
