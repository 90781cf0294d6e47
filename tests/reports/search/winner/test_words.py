from typing import Any

from reports.ledger.search_result import Estimate, SearchResult
from reports.search.winner.words import tell_winner
from tests.reports.search.factories import make_search


def estimate(mean: float) -> Estimate:
    return Estimate(mean=mean, std=0.01, interval=(mean - 0.02, mean + 0.02))


def stated(**changes: Any) -> SearchResult:
    """Make a search whose winner is stated."""
    given: dict[str, Any] = {
        "number": 1,
        "chosen_over": (0, 1, 2),
        "chosen_by": 0.625,
        "seeds": (3, 4, 5, 6, 7),
        "valid": estimate(0.600),
        "test": estimate(0.570),
        "optimism": estimate(0.025),
        "valid_to_test": estimate(0.030),
        "num_faulty": 0,
        "baseline": None,
    }
    return make_search(num_seeds=3, winner=given | changes)


def test_winner_is_told_a_fact_a_sentence() -> None:
    assert tell_winner(stated()) == [
        "The winner is candidate 1, chosen by its mean validation F1 over seeds 0 to 2: 62.5 %.",
        "Over seeds 3 to 7, which chose nothing: validation F1 60.0 ± 1.0 % (58.0 to 62.0), "
        "test F1 57.0 ± 1.0 % (55.0 to 59.0), read of the winner alone.",
        "Its baseline is not in the ledger with these seeds; tuned_study.py trains it.",
        "Optimism of the choice: 2.5 points (0.5 to 4.5), the F1 that chose the winner minus that "
        "over fresh seeds.",
        "From validation to test: 3.0 points (1.0 to 5.0) are lost, over fresh seeds.",
        "Intervals hold 95 %, over seeds, on these utterances.",
    ]


def test_baseline_is_told_beside_the_winner() -> None:
    baseline = {
        "test": estimate(0.55),
        "gain": estimate(0.02),
        "valid_to_test": estimate(0.01),
    }
    told = tell_winner(stated(baseline=baseline))
    assert told[2] == (
        "Its baseline over the same seeds: test F1 55.0 ± 1.0 % (53.0 to 57.0); the winner gains "
        "2.0 points (0.0 to 4.0)."
    )
    assert told[4].endswith(
        "; its baseline, by which nothing was chosen, loses 1.0 points (-1.0 to 3.0)."
    )


def test_faulty_seeds_and_earlier_winners_are_told() -> None:
    told = tell_winner(stated(num_faulty=2, read_before=(0, 3), chosen_over=(0,)))
    assert told[0].endswith("chosen by its validation F1 over seed 0: 62.5 %.")
    assert "read it before of candidate 0, 3, which won then" in told[1]
    assert told[5].startswith("2 of 5 fresh seeds diverged, or decide the same")


def test_nothing_is_told_of_one_seed_and_of_a_winner_that_is_not_chosen() -> None:
    assert tell_winner(make_search()) == []
    assert tell_winner(make_search(num_seeds=3)) == [
        "The winner is not chosen yet: seeds are missing."
    ]
