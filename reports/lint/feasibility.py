"""Pairs of accuracy and F1 that no classifier can have on the printed test split."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.lint.finding import Check, Examined, Finding
from reports.lint.reachable import is_reachable
from search_spaces.printed.numbers import Number, PrintedScore, by_row, printed_scores
from search_spaces.printed.published import PublishedData
from search_spaces.printed.supports import Support, supports_of

F1 = "F1"
IS_BALANCED = {"Acc": False, "WAcc": True}
"""Accuracies that are printed beside F1, and whether they are balanced, the mean of two recalls."""


@dataclass(frozen=True)
class Pair:
    """The accuracy and F1 of one emotion and system, with every cell that prints these two."""

    cells: tuple[str, ...]
    metric: str
    accuracy: Number
    f1: Number
    support: Support

    def is_reachable(self, *, balanced: bool) -> bool:
        """Say whether a classifier can have both numbers, if the accuracy is read this way."""
        return is_reachable(self.support, self.accuracy, self.f1, balanced=balanced)


def check_feasibility(data: PublishedData) -> Examined:
    """Search all (TP, FP) for each pair; the column says which accuracy it is."""
    for pair in printed_pairs(data):
        balanced = IS_BALANCED[pair.metric]
        if pair.is_reachable(balanced=balanced):
            yield None
        else:
            other = "possible" if pair.is_reachable(balanced=not balanced) else "impossible too"
            text = (
                f"no (TP, FP) gives {pair.metric} {pair.accuracy.text} with F1 {pair.f1.text} for "
                f"{pair.support.positives} positives of "
                f"{pair.support.positives + pair.support.negatives}; "
                f"{'plain' if balanced else 'balanced'} accuracy: {other}"
            )
            yield Finding(FEASIBILITY.name, " = ".join(pair.cells), text)


def printed_pairs(data: PublishedData) -> list[Pair]:
    """List the pairs of every emotion whose counts on the test split are printed."""
    supports = {
        data.names.get(corpus, corpus): supports_of(data, corpus) for corpus in data.supports
    }
    found = defaultdict(list)
    for row in by_row(printed_scores(data)):
        f1s = {s.quantity: s.number for s in row if s.quantity.metric == F1}
        for score in row:
            f1 = f1s.get(score.quantity._replace(metric=F1))
            counted = score.quantity.emotion in supports.get(score.quantity.corpus, ())
            if score.quantity.metric in IS_BALANCED and f1 and counted:
                found[_same(score, f1)].append((score, f1))
    return [_pair(printed, supports) for printed in found.values()]


def _same(score: PrintedScore, f1: Number) -> tuple[object, ...]:
    """Return a key that is equal for pairs which were copied from table to table."""
    number = score.number
    system = frozenset(score.row.config.items()) or score.row_reference
    return (system, score.quantity, number.value, number.step, f1.value, f1.step)


def _pair(
    printed: Sequence[tuple[PrintedScore, Number]],
    supports: Mapping[str, Mapping[str, Support]],
) -> Pair:
    score, f1 = printed[0]
    corpus, emotion, metric = score.quantity
    cells = tuple(
        f"{score.row_reference}/{score.column.rpartition('.')[0]}" for score, _ in printed
    )
    return Pair(cells, metric, score.number, f1, supports[corpus][emotion])


FEASIBILITY = Check(
    "feasibility",
    "pairs of accuracy and F1 out of reach of every (TP, FP)",
    "pairs with a support",
    check_feasibility,
)
