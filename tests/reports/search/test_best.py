from collections.abc import Sequence

from reports.ledger.search_result import Candidate, SearchResult
from reports.search.best import NUM_SHOWN, find_best, find_winner, rank_fields, rank_importances
from tests.reports.search.factories import (
    FAILED,
    STOPPED,
    make_candidate,
    make_costly,
    make_front,
    make_result,
    make_search,
)


def numbers(candidates: Sequence[Candidate]) -> list[int]:
    return [candidate.number for candidate in candidates]


def winner(result: SearchResult) -> int:
    found = find_winner(result)
    assert found is not None
    return found.number


def test_one_objective_ranks_the_finished_by_f1() -> None:
    assert numbers(find_best(make_search())) == [1, 2, 0]
    assert winner(make_search()) == 1


def test_only_the_best_few_are_shown_of_one_objective() -> None:
    many = make_result(*(make_candidate(n, n / 100) for n in range(NUM_SHOWN + 3)))
    assert numbers(find_best(many)) == list(range(NUM_SHOWN + 2, 2, -1))


def test_several_objectives_show_the_whole_front_and_its_best_f1_wins() -> None:
    assert numbers(find_best(make_front())) == [2, 0, 3]
    assert winner(make_front()) == 2
    many = (make_costly(n, n / 100, 1e3 + n, is_best=True) for n in range(NUM_SHOWN + 3))
    assert len(find_best(make_result(*many, costs=("parameters",)))) == NUM_SHOWN + 3


def test_equal_f1_goes_to_the_cheaper_then_to_the_earlier() -> None:
    tied = [make_costly(n, 0.5, cost, is_best=True) for n, cost in enumerate((3e6, 2e6, 2e6))]
    assert numbers(find_best(make_result(*tied, costs=("parameters",)))) == [1, 2, 0]
    equal = make_result(make_candidate(0, 0.5), make_candidate(1, 0.5))
    assert winner(equal) == 0


def test_one_trial_asked_for_twice_is_shown_once() -> None:
    twice = make_result(make_candidate(0, 0.5, key="same"), make_candidate(1, 0.5, key="same"))
    assert numbers(find_best(twice)) == [0]
    unknown = make_result(make_candidate(0, 0.5, key=""), make_candidate(1, 0.5, key=""))
    assert numbers(find_best(unknown)) == [0, 1]


def test_nobody_wins_before_a_candidate_is_finished() -> None:
    assert find_winner(make_result(STOPPED, FAILED)) is None
    assert find_best(make_result()) == []


def test_fields_that_candidates_have_come_by_importance_then_as_they_were_met() -> None:
    importances = {"f1": {"system": 0.5, "sem": 0.25, "sem_points": 0.25}}
    ranked = rank_fields(make_search(importances=importances))
    assert ranked == ["sem", "sem_points", "fusion", "training.learning_rate"]


def test_importances_come_highest_first() -> None:
    ranked = rank_importances(make_search(importances={"f1": {"b": 0.25, "a": 0.75}}), "f1")
    assert list(ranked.items()) == [("a", 0.75), ("b", 0.25)]
    assert rank_importances(make_search(), "f1") == {}
