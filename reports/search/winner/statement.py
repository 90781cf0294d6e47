"""States a winner by fresh seeds: what it scores, and how optimistic its choice was.

The seeds that chose a winner make its score too high (Cawley and Talbot 2010, "On over-fitting in
model selection"). So its score is stated over fresh seeds, on validation and on test. The test
split is read here and nowhere else in a search: once the winner is chosen, and of it alone.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

import numpy as np

from reports.ledger.record import MAIN_METRIC, Record
from reports.ledger.search_result import (
    BaselineStatement,
    Estimate,
    SearchResult,
    WinnerStatement,
)
from reports.scores.trials import TrialScores
from reports.search.best import find_rejection, find_winner, scores_by_seed
from reports.search.winner.rejection import NO_SCORE, fresh_seeds
from reports.statistics.gap import paired_gap

Pair = tuple[int, int]
"""The number of a candidate, and a seed."""


def next_repeats(result: SearchResult) -> list[Pair]:
    """List what is to train next: who waits for a seed, or the fresh seeds that the winner lacks.

    None if the winner has all its fresh seeds, if no candidate is finished, or if one seed is all
    that was asked for.
    """
    rejection = find_rejection(result)
    if result.num_seeds == 1 or not rejection.ranked:
        return []
    if rejection.waiting:
        return [(number, rejection.seed) for number in rejection.waiting]
    winner = rejection.ranked[0]
    known = scores_by_seed(result)[winner]
    return [(winner, seed) for seed in fresh_seeds(result.num_seeds) if seed not in known]


def state_winner(
    result: SearchResult,
    trial_scores: TrialScores,
    baseline: Mapping[int, str],
    read_before: Sequence[int],
) -> WinnerStatement | None:
    """State the winner; None while it is not chosen, or lacks one of its fresh seeds.

    Args:
        result: The search, with all repeats that are finished.
        trial_scores: Reads the ledger.
        baseline: The keys of the baseline of the winner's system, by fresh seed.
        read_before: The candidates whose test scores the search read before.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
    """
    winner = find_winner(result)
    if winner is None or result.num_seeds == 1 or next_repeats(result):
        return None
    known = scores_by_seed(result)[winner.number]
    chosen = {seed: f1 for seed, f1 in known.items() if seed < result.num_seeds}
    seeds = fresh_seeds(result.num_seeds)
    fresh = [r for r in result.repeats if r.number == winner.number and r.seed in seeds]
    ours = _read([one.key for one in fresh], trial_scores)
    theirs = _read([baseline[one.seed] for one in fresh], trial_scores)
    if len(ours) < len(fresh):
        return None
    chosen_by = fmean(chosen.values())
    valid, test = map(list, zip(*ours, strict=True))
    return WinnerStatement(
        number=winner.number,
        chosen_over=tuple(sorted(chosen)),
        chosen_by=chosen_by,
        seeds=tuple(one.seed for one in fresh),
        valid=estimate(valid),
        test=estimate(test),
        optimism=estimate([chosen_by - f1 for f1 in valid]),
        valid_to_test=_subtract(valid, test),
        num_faulty=sum(one.state != "finished" for one in fresh),
        baseline=_state_baseline(test, theirs) if len(theirs) == len(fresh) else None,
        read_before=tuple(read_before),
    )


def estimate(values: Sequence[float]) -> Estimate:
    """Estimate a mean over at least two seeds."""
    interval = paired_gap(np.array(values)).interval()
    return Estimate(mean=fmean(values), std=stdev(values), interval=interval)


def _state_baseline(
    test: Sequence[float], scores: Sequence[tuple[float, float]]
) -> BaselineStatement:
    """State the baseline by its validation and test F1, beside the test F1 of the winner."""
    its_valid, its_test = zip(*scores, strict=True)
    return BaselineStatement(
        test=estimate(its_test),
        gain=_subtract(test, its_test),
        valid_to_test=_subtract(its_valid, its_test),
    )


def _subtract(values: Sequence[float], others: Sequence[float]) -> Estimate:
    return estimate([one - other for one, other in zip(values, others, strict=True)])


def _read(keys: Sequence[str], trial_scores: TrialScores) -> list[tuple[float, float]]:
    """Read validation and test F1 of the finished trials among some."""
    records = trial_scores.finished(keys).values()
    return [
        (_valid_f1(one), trial_scores.find(one, MAIN_METRIC[one.result.task]) or NO_SCORE)
        for one in records
    ]


def _valid_f1(record: Record) -> float:
    best = record.result.best
    return NO_SCORE if best is None else best.main_score
