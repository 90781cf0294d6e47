from rich.console import Console

from reports.ledger.search_result import SearchResult
from reports.search.terminal import SearchView
from tests.reports.search.factories import (
    STOPPED,
    make_candidate,
    make_front,
    make_result,
    make_search,
)
from tests.reports.search.winner.factories import make_repeat


def show(result: SearchResult, rival: SearchResult | None = None, width: int = 80) -> list[str]:
    console = Console(width=width, markup=True, emoji=True, color_system=None)
    with console.capture() as capture:
        console.print(SearchView(result, rival))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    return [" ".join(line.split()) for line in lines]


def test_view_opens_with_the_counts_and_the_failures() -> None:
    lines = show(make_search())
    assert lines[:3] == [
        "Search 'architecture' on the synthetic corpus at the tiny scale",
        "3 finished (1 of them from the ledger), 1 stopped early, 1 failed.",
        "candidate 4 failed: RuntimeError: no [/b] luck",
    ]


def test_many_failures_are_counted() -> None:
    failed = [make_candidate(n, failure="same") for n in range(5)]
    assert show(make_result(*failed))[-1] == "and 2 more"


def test_best_candidates_are_shown_with_the_fields_that_they_have() -> None:
    lines = show(make_search())
    start = lines.index("The best 3 of 3 finished candidates.")
    assert lines[start + 1] == "no. valid F1 % system fields"
    assert lines[start + 2] == "1 62.5 le fusion bottleneck, learning_rate 0.1"
    assert lines[start + 3] == "2 50.0 xia sem on, sem_points conv4"
    assert "the best of 3 is optimistic" in " ".join(lines)


def test_front_names_its_winner() -> None:
    lines = show(make_front())
    assert "The Pareto front, 3 of 4 finished candidates." in lines
    assert "The winner is candidate 2: the front's member of best F1." in lines
    assert any(line.startswith("2 75.0 68.1 M le") for line in lines)
    assert "The front lacks what was stopped early (1): F1 alone decided that." in lines


def test_importances_are_bars_in_percent_and_few_candidates_make_them_unreliable() -> None:
    lines = show(make_search(importances={"f1": {"system": 0.25, "fusion": 0.75}}))
    shown = [line for line in lines if line.endswith(" %")]
    assert shown == [f"fusion {'█' * 18}{'░' * 6} 75 %", f"system {'█' * 6}{'░' * 18} 25 %"]
    assert "unreliable" in " ".join(lines)


def test_missing_importances_tell_why() -> None:
    told = "Importances are not known: every F1 is the same."
    assert told in show(make_search(no_importances="every F1 is the same"))


def test_search_without_a_finished_candidate_shows_its_counts_only() -> None:
    assert show(make_result(STOPPED))[1:] == ["0 finished, 1 stopped early."]


def test_comparison_with_another_search_comes_last() -> None:
    lines = show(make_search(), make_search(space="other"))
    start = next(n for n, line in enumerate(lines) if line.startswith("After 5 candidates"))
    assert "'other-synthetic-tiny-f1' is +0.0 points." in " ".join(lines[start:])


def test_repeated_candidates_are_shown_with_their_means_and_the_winner_is_told() -> None:
    repeats = (make_repeat(1, 1, 0.375), make_repeat(2, 1, 0.75))
    lines = show(make_search(num_seeds=2, repeats=repeats))
    start = lines.index("The best 3 of 3 finished candidates, the last rejected first.")
    assert lines[start + 1] == "no. valid F1 % mean % seeds system fields"
    assert lines[start + 2].startswith("2 50.0 62.5 2 xia")
    assert lines[start + 3].startswith("1 62.5 50.0 2 le")
    assert lines[start + 4].startswith("0 37.5 37.5 1 le")
    assert lines[-2 if "Importances" in lines[-1] else -1] == (
        "The winner is not chosen yet: seeds are missing."
    )


def test_failed_repeat_is_told_with_its_seed() -> None:
    failed = make_repeat(1, 2, None, failure="out of memory", is_tried_again=True)
    told = "candidate 1 with seed 2 failed: out of memory"
    assert told in show(make_result(make_candidate(1, 0.5), num_seeds=3, repeats=(failed,)))
