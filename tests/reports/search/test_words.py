import pytest

from reports.search.words import (
    NUM_FOR_IMPORTANCES,
    name_field,
    show_count,
    show_value,
    tell_counts,
    tell_missing,
    tell_optimism,
    tell_unreliable,
)
from tests.reports.search.factories import (
    make_candidate,
    make_costly,
    make_front,
    make_result,
    make_search,
)

IMPORTANCES = {"f1": {"fusion": 1.0}}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1 k"),
        (999_700, "1 M"),
        (68_050_694, "68.1 M"),
        (31_619_000_000, "31.6 G"),
    ],
)
def test_count_has_three_digits_and_a_prefix(number: float, text: str) -> None:
    assert show_count(number) == text


def test_value_is_short_where_it_is_a_fraction() -> None:
    assert [show_value(v) for v in (0.00031622, 4, True, "on")] == ["0.000316", "4", "True", "on"]


def test_field_is_named_without_its_part_of_the_config() -> None:
    fields = ["model.audio.depth", "training.learning_rate", "sem"]
    assert [name_field(field) for field in fields] == ["audio.depth", "learning_rate", "sem"]


def test_counts_tell_what_became_of_every_candidate() -> None:
    running = make_candidate(5, state="running")
    result = make_search(candidates=(*make_search().candidates, running))
    assert tell_counts(result) == (
        "3 finished (1 of them from the ledger), 1 stopped early, 1 failed, 1 not ended"
    )
    assert tell_counts(make_result()) == "0 finished"


def test_the_best_is_called_optimistic_with_the_number_it_is_the_best_of() -> None:
    told = tell_optimism(make_search())
    assert "Validation scores" in told
    assert "the best of 3 is optimistic" in told


def test_front_lacks_what_f1_alone_stopped() -> None:
    assert tell_missing(make_front()) == (
        "The front lacks what was stopped early (1): F1 alone decided that."
    )
    assert tell_missing(make_result(make_costly(0, 0.5, 2e6), costs=("parameters",))) == ""
    assert tell_missing(make_search()) == ""


def test_importances_of_few_candidates_are_called_unreliable() -> None:
    few = make_search(importances=IMPORTANCES)
    assert "Importances from 3 finished candidates are unreliable" in tell_unreliable(few)
    enough = [make_candidate(n, 0.5) for n in range(NUM_FOR_IMPORTANCES)]
    assert tell_unreliable(make_result(*enough, importances=IMPORTANCES)) == ""


def test_missing_importances_tell_why() -> None:
    told = tell_unreliable(make_search(no_importances="all scores are equal"))
    assert told == "Importances are not known: all scores are equal."
    assert tell_unreliable(make_search()) == "Importances are not known."
