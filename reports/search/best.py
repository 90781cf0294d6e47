"""The best candidates of a search, and its winner."""

from collections.abc import Iterable

from reports.ledger.search_result import Candidate, ObjectiveName, SearchResult
from reports.search.winner.rejection import NO_SCORE, Rejection, reject

NUM_SHOWN = 8
"""With one objective, so many of the best are shown; with several, the whole front."""


def finished(result: SearchResult) -> list[Candidate]:
    """List the candidates that have scores, in the order in which the sampler proposed them."""
    return [candidate for candidate in result.candidates if candidate.state == "finished"]


def costs(result: SearchResult) -> list[ObjectiveName]:
    """Name the objectives that the search minimises."""
    return [objective.name for objective in result.objectives if not objective.is_maximised]


def find_best(result: SearchResult) -> list[Candidate]:
    """Choose the candidates to show, the best first: the front, or the best few.

    Without a cost, that is by their mean validation F1 over the seeds that each of them has; those
    that were rejected earlier come later. If several candidates share a trial, only the first of
    them counts.
    """
    if costs(result):
        front = _distinct(candidate for candidate in finished(result) if candidate.is_best)
        return sorted(front, key=lambda candidate: _rank(result, candidate))
    by_number = {candidate.number: candidate for candidate in finished(result)}
    return [by_number[number] for number in find_rejection(result).ranked[:NUM_SHOWN]]


def find_winner(result: SearchResult) -> Candidate | None:
    """Choose the candidate to test over seeds: the best by F1.

    With several objectives, it is the best on the front. If F1 is equal, the cheaper one wins, then
    the earlier one. None if no candidate is finished.
    """
    return next(iter(find_best(result)), None)


def scores_by_seed(result: SearchResult) -> dict[int, dict[int, float]]:
    """Return the validation F1 of each finished candidate by its number and the seed."""
    found = _distinct(finished(result))
    scores = {candidate.number: {candidate.seed: candidate.scores["f1"]} for candidate in found}
    for repeat in result.repeats:
        if repeat.has_ended and repeat.number in scores:
            scores[repeat.number][repeat.seed] = repeat.scores.get("f1", NO_SCORE)
    return scores


def choosing_scores(result: SearchResult, candidate: Candidate) -> list[float]:
    """List the validation F1 of a candidate over the seeds that choose the winner."""
    known = scores_by_seed(result)[candidate.number]
    return [f1 for seed, f1 in known.items() if seed < result.num_seeds]


def find_rejection(result: SearchResult) -> Rejection:
    """Reject candidates by the scores of the seeds that they have."""
    return reject(scores_by_seed(result), result.num_seeds)


def rank_fields(result: SearchResult) -> list[str]:
    """List the fields for which candidates have values; the most important for F1 come first."""
    by_field = result.importances.get("f1", {})
    met = dict.fromkeys(name for one in result.candidates for name in one.values)
    return sorted(met, key=lambda name: -by_field.get(name, 0.0))


def rank_importances(result: SearchResult, objective: ObjectiveName) -> dict[str, float]:
    """Return the known importances of the fields for an objective, the highest first."""
    by_field = result.importances.get(objective, {})
    return dict(sorted(by_field.items(), key=lambda pair: -pair[1]))


def _rank(result: SearchResult, candidate: Candidate) -> tuple[float, ...]:
    scores = candidate.scores
    return (-scores["f1"], *(scores[cost] for cost in costs(result)), candidate.number)


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Leave out candidates whose trial an earlier one has."""
    first: dict[str | int, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.key or candidate.number, candidate)
    return list(first.values())
