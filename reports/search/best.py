"""Which candidates a search ends with, and which of them to go on with."""

from reports.ledger.search_result import Candidate, ObjectiveName, SearchResult

NUM_SHOWN = 8
"""Of one objective the best so many are shown; of several, the whole front."""


def finished(result: SearchResult) -> list[Candidate]:
    """List the candidates that have scores, in the order in which they were asked for."""
    return [candidate for candidate in result.candidates if candidate.state == "finished"]


def costs(result: SearchResult) -> list[ObjectiveName]:
    """Name the objectives that are better the lower they are."""
    return [objective.name for objective in result.objectives if not objective.is_maximised]


def find_best(result: SearchResult) -> list[Candidate]:
    """Choose what is shown, the highest validation F1 first: the front, or the best few.

    Candidates that are one trial count as the first of them.
    """
    found = finished(result)
    if costs(result):
        found = [candidate for candidate in found if candidate.is_best]
    distinct = {candidate.key or candidate.number: candidate for candidate in reversed(found)}
    ranked = sorted(distinct.values(), key=lambda candidate: _rank(result, candidate))
    return ranked if costs(result) else ranked[:NUM_SHOWN]


def find_winner(result: SearchResult) -> Candidate | None:
    """Choose the candidate to test over seeds: of several objectives the front's best by F1.

    Of equal F1 the cheaper one wins, then the earlier one; nobody does before one is finished.
    """
    return next(iter(find_best(result)), None)


def rank_fields(result: SearchResult) -> list[str]:
    """List the fields that candidates have values of, those first that matter most to F1."""
    by_field = result.importances.get("f1", {})
    met = dict.fromkeys(name for one in result.candidates for name in one.values)
    return sorted(met, key=lambda name: -by_field.get(name, 0.0))


def rank_importances(result: SearchResult, objective: ObjectiveName) -> dict[str, float]:
    """Return the importance of each field to an objective, as far as known, the highest first."""
    by_field = result.importances.get(objective, {})
    return dict(sorted(by_field.items(), key=lambda pair: -pair[1]))


def _rank(result: SearchResult, candidate: Candidate) -> tuple[float, ...]:
    scores = candidate.scores
    return (-scores["f1"], *(scores[cost] for cost in costs(result)), candidate.number)
