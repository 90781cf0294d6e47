"""Which candidates get more seeds: successive rejection, the winner of which gets fresh seeds.

Every candidate has its score of one seed. If K seeds are to choose, the best K candidates get a
second seed. Each further seed rejects the worst of them by the mean over all seeds so far, and two
are left that have all K seeds. So most seeds go to the candidates that are hardest to tell apart
(Successive Rejects: Audibert et al. 2010, "Best arm identification in multi-armed bandits").

Scores that chose a winner are too high for it: among candidates that are equally good, the luckiest
wins (Cawley and Talbot 2010). So the winner then gets as many fresh seeds, which choose nothing.
"""

from collections.abc import Mapping
from statistics import fmean
from typing import NamedTuple

MIN_FRESH = 5
"""The winner gets at least so many fresh seeds: an interval of fewer is wide."""

NO_SCORE = 0.0
"""What a seed counts whose training gives no score: the search gets nothing from it."""

Scores = Mapping[int, Mapping[int, float]]
"""The validation F1 of candidates by number and seed; each has that of seed 0."""


class Rejection(NamedTuple):
    """How far a rejection has come: all candidates, best first, and who lacks which seed.

    Without anyone in `waiting`, the first in `ranked` is the winner.
    """

    ranked: tuple[int, ...]
    seed: int
    waiting: tuple[int, ...]


def count_kept(seed: int, num_seeds: int) -> int:
    """Return how many candidates get a seed, if `num_seeds` seeds choose; seed 1 is the second."""
    return num_seeds + 1 - seed


def fresh_seeds(num_seeds: int) -> range:
    """Return the seeds of the winner that choose nothing, if `num_seeds` seeds choose."""
    return range(num_seeds, num_seeds + max(num_seeds, MIN_FRESH))


def reject(scores: Scores, num_seeds: int) -> Rejection:
    """Reject candidates by the scores of more and more seeds, as far as there are scores.

    Of equally good ones, the one that was better before stays; at first, the one that comes first.

    Args:
        scores: The candidates' scores; those of other seeds than the first `num_seeds` are ignored.
        num_seeds: How many seeds the last candidates get, at least 1.
    """
    ranked = sorted(scores, key=lambda number: -scores[number][0])
    for seed in range(1, num_seeds if len(ranked) > 1 else 1):
        num_kept = count_kept(seed, num_seeds)
        kept, rejected = ranked[:num_kept], ranked[num_kept:]
        waiting = tuple(number for number in kept if seed not in scores[number])
        if waiting:
            return Rejection(tuple(ranked), seed, waiting)
        means = {n: fmean(scores[n][one] for one in range(seed + 1)) for n in kept}
        ranked = [*sorted(kept, key=lambda number: -means[number]), *rejected]
    return Rejection(tuple(ranked), 0, ())
