from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.ledger.search_result import SearchResult, WinnerStatement
from reports.scores.trials import TrialScores
from reports.search.best import find_best, find_winner
from reports.search.winner.statement import estimate, next_repeats, state_winner
from tests.reports.factories import make_split, make_trial, write_trial
from tests.reports.search.winner.factories import Planted, begin, make_repeat, repeat

PLANTED: Planted = {
    0: (0.90, 0.10, 0.10, 0.10),
    1: (0.70, 0.80, 0.65, 0.61, 0.62, 0.63, 0.64, 0.65),
    2: (0.60, 0.70, 0.66, 0.10),
}
SEEDS = (3, 4, 5, 6, 7)


def write(storage: Path, key: str, seed: int, f1: float, num_wrong: int) -> Record:
    """Finish a trial with this validation F1, and so many wrong utterances on test."""
    ledger = Ledger(storage)
    record = write_trial(ledger, make_trial(seed), make_split(seed, num_wrong), key=key)
    epochs = (record.result.epochs[0].model_copy(update={"valid": {"f1": f1}}),)
    result = record.result.model_copy(update={"epochs": epochs})
    record = record.model_copy(update={"result": result})
    (ledger.folder(key) / "record.json").unlink()
    ledger.write(record)
    return record


def read_test_f1(storage: Path, key: str) -> float:
    scores = TrialScores(Ledger(storage))
    f1 = scores.find(scores.finished([key])[key], "f1")
    assert f1 is not None
    return f1


def chosen(storage: Path, *, has_baseline: bool) -> tuple[SearchResult, WinnerStatement]:
    """Choose the winner of the planted search, whose fresh seeds are in the ledger."""
    result, _ = repeat(begin(PLANTED, 3), PLANTED)
    for seed in SEEDS:
        write(storage, f"key-1-{seed}", seed, PLANTED[1][seed], num_wrong=2 + seed % 2)
        if has_baseline:
            write(storage, f"baseline-{seed}", seed, 0.5, num_wrong=6)
    baseline = {seed: f"baseline-{seed}" for seed in SEEDS}
    stated = state_winner(result, TrialScores(Ledger(storage)), baseline, [2])
    assert stated is not None
    return result, stated


def test_fewer_and_fewer_get_seeds_then_the_winner_gets_fresh_ones() -> None:
    result, rounds = repeat(begin(PLANTED, 3), PLANTED)
    assert rounds == [
        [(0, 1), (1, 1), (2, 1)],
        [(1, 2), (2, 2)],
        [(1, seed) for seed in SEEDS],
    ]
    winner = find_winner(result)
    assert winner is not None
    assert winner.number == 1
    assert [one.number for one in find_best(result)] == [1, 2, 0]


def test_one_seed_asks_for_no_more() -> None:
    assert next_repeats(begin(PLANTED, 1)) == []
    assert next_repeats(begin({}, 5)) == []


def test_seed_without_a_score_counts_zero_and_one_that_is_tried_again_is_asked_for() -> None:
    planted = {0: (0.9, 0.9), 1: (0.5, 0.5)}
    result = begin(planted, 2)
    diverged = make_repeat(0, 1, None, failure="diverged in epoch 2")
    lost = make_repeat(1, 1, None, failure="out of memory", is_tried_again=True)
    result = result.model_copy(update={"repeats": (diverged, lost)})
    assert next_repeats(result) == [(1, 1)]
    result = result.model_copy(update={"repeats": (diverged, make_repeat(1, 1, 0.45))})
    assert next_repeats(result)[0] == (1, 2)


def test_winner_is_stated_over_fresh_seeds_alone(tmp_path: Path) -> None:
    _, stated = chosen(tmp_path, has_baseline=False)
    assert (stated.number, stated.chosen_over, stated.seeds) == (1, (0, 1, 2), SEEDS)
    assert stated.chosen_by == pytest.approx((0.70 + 0.80 + 0.65) / 3)
    assert stated.valid.mean == pytest.approx(0.63)
    assert stated.valid.std == pytest.approx(np.std([0.61, 0.62, 0.63, 0.64, 0.65], ddof=1))
    expected = [read_test_f1(tmp_path, f"key-1-{seed}") for seed in SEEDS]
    assert stated.test.mean == pytest.approx(np.mean(expected))
    assert stated.valid_to_test.mean == pytest.approx(0.63 - np.mean(expected))
    assert stated.baseline is None
    assert (stated.num_faulty, stated.read_before) == (0, (2,))


def test_optimism_is_what_chose_minus_fresh_seeds(tmp_path: Path) -> None:
    _, stated = chosen(tmp_path, has_baseline=False)
    low, high = stated.valid.interval
    assert stated.optimism.mean == pytest.approx(stated.chosen_by - stated.valid.mean)
    expected = (stated.chosen_by - high, stated.chosen_by - low)
    assert stated.optimism.interval == pytest.approx(expected)


def test_baseline_is_paired_by_seed(tmp_path: Path) -> None:
    _, stated = chosen(tmp_path, has_baseline=True)
    ours = [read_test_f1(tmp_path, f"key-1-{seed}") for seed in SEEDS]
    theirs = [read_test_f1(tmp_path, f"baseline-{seed}") for seed in SEEDS]
    assert stated.baseline is not None
    assert stated.baseline.test.mean == pytest.approx(np.mean(theirs))
    expected = stats.ttest_rel(ours, theirs).confidence_interval()
    assert stated.baseline.gain.interval == pytest.approx((expected.low, expected.high))
    assert stated.baseline.valid_to_test.mean == pytest.approx(0.5 - np.mean(theirs))


def test_winner_is_not_stated_before_it_has_all_its_seeds(tmp_path: Path) -> None:
    result, _ = repeat(begin(PLANTED, 3), PLANTED)
    result = result.model_copy(update={"repeats": result.repeats[:-1]})
    assert state_winner(result, TrialScores(Ledger(tmp_path)), {}, []) is None


def test_estimate_has_the_interval_of_scipy() -> None:
    values = [0.5, 0.625, 0.75, 0.5]
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert estimate(values).interval == pytest.approx(expected)
