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
