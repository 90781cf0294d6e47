"""A search whose candidates have planted scores of every seed."""

from collections.abc import Mapping

from reports.ledger.search_result import Candidate, SearchResult
from reports.search.winner.statement import Pair, next_repeats
from tests.reports.search.factories import make_candidate, make_result

Planted = Mapping[int, tuple[float, ...]]
"""The validation F1 of candidates by number, one for each seed from 0 on."""


def make_repeat(number: int, seed: int, f1: float | None, **changes: object) -> Candidate:
    given: dict[str, object] = {"seed": seed, "key": f"key-{number}-{seed}"}
    return make_candidate(number, f1, **(given | changes))


def begin(planted: Planted, num_seeds: int) -> SearchResult:
    """Make a search whose candidates have one seed each."""
    first = [make_candidate(number, scores[0]) for number, scores in planted.items()]
    return make_result(*first, num_seeds=num_seeds)


def repeat(result: SearchResult, planted: Planted) -> tuple[SearchResult, list[list[Pair]]]:
    """Give the search all seeds that it asks for; return it, with what was asked in each round."""
    rounds = []
    while pairs := next_repeats(result):
        rounds.append(pairs)
        more = [make_repeat(n, seed, planted[n][seed]) for n, seed in pairs]
        result = result.model_copy(update={"repeats": (*result.repeats, *more)})
    return result, rounds
