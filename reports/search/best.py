"""The best candidates of a search, and its winner."""

from reports.ledger.search_result import Candidate, ObjectiveName, SearchResult

NUM_SHOWN = 8
"""With one objective, so many of the best are shown; with several, the whole front."""


def finished(result: SearchResult) -> list[Candidate]:
    """List the candidates that have scores, in the order in which the sampler proposed them."""
    return [candidate for candidate in result.candidates if candidate.state == "finished"]


def costs(result: SearchResult) -> list[ObjectiveName]:
    """Name the objectives that the search minimises."""
    return [objective.name for objective in result.objectives if not objective.is_maximised]


def find_best(result: SearchResult) -> list[Candidate]:
    """Choose the candidates to show, the highest validation F1 first: the front, or the best few.

    If several candidates share a trial, only the first of them counts.
    """
    found = finished(result)
    if costs(result):
        found = [candidate for candidate in found if candidate.is_best]
    distinct = {candidate.key or candidate.number: candidate for candidate in reversed(found)}
    ranked = sorted(distinct.values(), key=lambda candidate: _rank(result, candidate))
    return ranked if costs(result) else ranked[:NUM_SHOWN]


def find_winner(result: SearchResult) -> Candidate | None:
    """Choose the candidate to test over seeds: the best by F1.

    With several objectives, it is the best on the front. If F1 is equal, the cheaper one wins, then
    the earlier one. None if no candidate is finished.
    """
    return next(iter(find_best(result)), None)


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
