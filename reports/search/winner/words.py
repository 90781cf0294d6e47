"""The winner of a search in sentences: its scores, how optimistic its choice was, the baseline."""

from collections.abc import Sequence

from reports.ledger.search_result import Estimate, SearchResult, WinnerStatement
from reports.search.words import PERCENT


def tell_winner(result: SearchResult) -> list[str]:
    """Tell all that is stated of the winner, a fact a sentence; nothing without more seeds."""
    stated = result.winner
    if stated is None:
        return ["The winner is not chosen yet: seeds are missing."] * (result.num_seeds > 1)
    return [
        *tell_scores(stated),
        _tell_baseline(stated),
        f"Optimism of the choice: {_points(stated.optimism)}, the F1 that chose the winner minus "
        "that over fresh seeds.",
        f"From validation to test: {_points(stated.valid_to_test)} are lost, over fresh seeds"
        f"{_tell_loss_of_baseline(stated)}.",
        *_tell_faults(stated),
        "Intervals hold 95 %, over seeds, on these utterances.",
    ]


def tell_scores(stated: WinnerStatement) -> list[str]:
    """Tell why the winner was chosen, and what it scores over fresh seeds."""
    over = _name_seeds(stated.chosen_over)
    mean = "mean " * (len(stated.chosen_over) > 1)
    before = ""
    if stated.read_before:
        numbers = ", ".join(map(str, stated.read_before))
        before = f"; the search read it before of candidate {numbers}, which won then"
    return [
        f"The winner is candidate {stated.number}, chosen by its {mean}validation F1 over {over}: "
        f"{PERCENT * stated.chosen_by:.1f} %.",
        f"Over {_name_seeds(stated.seeds)}, which chose nothing: validation F1 "
        f"{_percent(stated.valid)}, test F1 {_percent(stated.test)}, read of the winner "
        f"alone{before}.",
    ]


def _tell_baseline(stated: WinnerStatement) -> str:
    if stated.baseline is None:
        return "Its baseline is not in the ledger with these seeds; tuned_study.py trains it."
    gain = stated.baseline.gain
    return (
        f"Its baseline over the same seeds: test F1 {_percent(stated.baseline.test)}; "
        f"the winner gains {_points(gain)}."
    )


def _tell_loss_of_baseline(stated: WinnerStatement) -> str:
    if stated.baseline is None:
        return ""
    lost = _points(stated.baseline.valid_to_test)
    return f"; its baseline, by which nothing was chosen, loses {lost}"


def _tell_faults(stated: WinnerStatement) -> list[str]:
    if not stated.num_faulty:
        return []
    num = f"{stated.num_faulty} of {len(stated.seeds)}"
    return [f"{num} fresh seeds diverged, or decide the same for every validation utterance."]


def _name_seeds(seeds: Sequence[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"


def _percent(estimate: Estimate) -> str:
    """Write a score, as in `60.4 ± 0.6 % (59.6 to 61.2)`."""
    return _show(estimate, f" ± {PERCENT * estimate.std:.1f} %")


def _points(estimate: Estimate) -> str:
    """Write a difference, as in `0.8 points (-0.1 to 1.7)`."""
    return _show(estimate, " points")


def _show(estimate: Estimate, unit: str) -> str:
    mean, low, high = (PERCENT * value for value in (estimate.mean, *estimate.interval))
    return f"{mean:.1f}{unit} ({low:.1f} to {high:.1f})"
