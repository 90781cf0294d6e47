"""Tuning curves of a search: the best F1 among so many candidates, of all and of each family.

A family is the candidates with one value of a field that is a choice, such as a kind of fusion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from reports.ledger.search_result import Candidate, SearchResult
from reports.search.bands import HIGHEST, WORST, Band, Floats, median_best, median_best_band
from search_spaces.space import SYSTEM

CONFIDENCE = 0.95
MIN_IN_FAMILY = 5
"""A family of fewer candidates has no curve."""

MAX_FAMILIES = 8
"""So many families of a field have curves, the largest ones: as many lines can be told apart."""


@dataclass(frozen=True)
class Curve:
    """A tuning curve, from 1 candidate on.

    Of random candidates `best` is the median of the best F1, and lies in `band`. Of others it is
    the best F1 in the order in which they were drawn, NaN before one is finished. They have no
    band, because each was chosen by the scores of those before it.

    Shapes:
        best: (candidates,)
    """

    name: str
    best: Floats
    band: Band | None


def limit_f1(candidate: Candidate) -> tuple[float, float]:
    """Return what a candidate scores at least and at most.

    One that was stopped early would have kept the best of its epochs, so it scores at least what
    it had (unless its training had diverged later). One that failed for good scores 0: the search
    gets nothing from it. Nothing is known of one that has not ended.
    """
    if candidate.state == "finished":
        return candidate.scores["f1"], candidate.scores["f1"]
    if candidate.state == "failed" and not candidate.is_tried_again:
        return WORST, WORST
    return candidate.last_f1 or WORST, HIGHEST


def make_curve(
    result: SearchResult,
    candidates: Sequence[Candidate],
    name: str = "",
    *,
    level: float = CONFIDENCE,
) -> Curve:
    """Make the tuning curve of some of a search's candidates, at least one.

    Args:
        result: The search; its sampler decides whether there is a band.
        candidates: The candidates, in the order in which they were drawn.
        name: A name for the curve.
        level: The probability that the band holds the whole curve.
    """
    if result.sampler == "random":
        least, most = zip(*map(limit_f1, candidates), strict=True)
        return Curve(name, median_best(least), median_best_band(least, most, level))
    f1 = np.array([candidate.scores.get("f1", nan) for candidate in candidates])
    return Curve(name, np.fmax.accumulate(f1), None)


def find_families(result: SearchResult) -> dict[str, dict[str, list[Candidate]]]:
    """Collect the families by field and value, where at least two are large enough.

    A range of numbers makes no families. The system comes first, then the fields as they were met.
    """
    choices: dict[str, dict[str, list[Candidate]]] = {}
    for candidate in result.candidates:
        named = {SYSTEM: candidate.system, **candidate.values}
        for field, value in named.items():
            if isinstance(value, str):
                choices.setdefault(field, {}).setdefault(value, []).append(candidate)
    large = {field: _choose_large(families) for field, families in choices.items()}
    return {field: families for field, families in large.items() if len(families) > 1}


def _choose_large(families: Mapping[str, list[Candidate]]) -> dict[str, list[Candidate]]:
    large = {value: found for value, found in families.items() if len(found) >= MIN_IN_FAMILY}
    ranked = sorted(large, key=lambda value: -len(large[value]))[:MAX_FAMILIES]
    return {value: found for value, found in large.items() if value in ranked}
