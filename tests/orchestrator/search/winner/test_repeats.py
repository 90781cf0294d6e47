from pathlib import Path

import pytest

from orchestrator.failures.failure import failure_of
from orchestrator.search.winner.repeats import Repeats
from reports.ledger.ledger import Ledger
from reports.search.winner.statement import next_repeats
from search_spaces.change import apply_change
from search_spaces.trial import Trial
from tests.orchestrator.search.winner.factories import begin, open_repeats, train


def numbers_of(repeats: Repeats, *, seed: int) -> list[int]:
    return [one.number for one in repeats.result.repeats if one.seed == seed]


def test_best_that_were_trained_to_the_end_get_seeds_one_after_the_other(storage: Path) -> None:
    repeats, changes = open_repeats(begin(storage, 3))
    missing = repeats.plan()
    assert numbers_of(repeats, seed=1) == [1, 2, 0]  # neither the stopped one nor the worst
    assert [trial.seed for trial, _ in missing.values()] == [1, 1, 1]
    assert [row.row for _, row in missing.values()] == ["candidate 1", "candidate 2", "candidate 0"]
    assert len(changes) == 1
    for (trial, _), f1 in zip(missing.values(), (0.1, 0.6, 0.6), strict=True):
        repeats.finished(train(storage, trial, f1))
    assert len(changes) == 4
    missing = repeats.plan()
    assert numbers_of(repeats, seed=2) == [2, 0]
    for (trial, _), f1 in zip(missing.values(), (0.6, 0.9), strict=True):
        repeats.finished(train(storage, trial, f1))
    fresh = repeats.plan()
    assert [trial.seed for trial, _ in fresh.values()] == [3, 4, 5, 6, 7]
    assert {row.row for _, row in fresh.values()} == {"candidate 0"}
    for trial, _ in fresh.values():
        repeats.finished(train(storage, trial, 0.5))
    assert repeats.plan() == {}
    assert next_repeats(repeats.result) == []


def test_another_process_comes_to_the_same_trials_from_records_alone(storage: Path) -> None:
    search = begin(storage, 2)
    repeats, _ = open_repeats(search)
    (first, _), (second, _) = repeats.plan().values()
    train(storage, first, 0.1)  # and is killed before it notes it
    again, changes = open_repeats(begin(storage, 2))
    assert [*again.plan()] == [second.key]
    states = [one.state for one in again.result.repeats]
    assert states == ["finished", "running"]
    again.finished(train(storage, second, 0.9))
    last, _ = open_repeats(begin(storage, 2))
    assert [*last.plan()] == [*again.plan()]
    assert last.result.repeats == again.result.repeats
    assert [one.from_ledger for one in last.result.repeats[:2]] == [True, True]
    assert len(changes) == 3


def test_keys_are_those_that_a_study_of_the_candidate_has(storage: Path) -> None:
    search = begin(storage, 2)
    repeats, _ = open_repeats(search)
    asked = {one.number: one for one in search.candidates}
    baseline = search.points.baseline("le").config
    for trial, row in repeats.plan().values():
        candidate = asked[int(row.row.removeprefix("candidate "))]
        config = apply_change(baseline, candidate.change)
        of_study = [Trial(config=config, corpus=trial.corpus, seed=seed) for seed in (0, 1)]
        assert [one.key for one in of_study] == [candidate.key, trial.key]


def test_failed_trial_is_tried_again_by_the_next_command(storage: Path) -> None:
    repeats, changes = open_repeats(begin(storage, 2))
    (first, _), (second, _) = repeats.plan().values()
    repeats.failed(first, failure_of("memory", "out of memory"))
    repeats.finished(train(storage, second, 0.9))
    assert repeats.num_failed == 1
    failed, other = changes[-1].repeats
    assert (failed.state, failed.failure, failed.is_tried_again) == (
        "failed",
        "out of memory",
        True,
    )
    assert other.scores == {"f1": 0.9}
    again, _ = open_repeats(begin(storage, 2))
    assert [*again.plan()] == [first.key]


@pytest.mark.parametrize("how", ["diverged", "damaged"])
def test_trial_without_a_score_counts_zero_and_a_damaged_one_fails(storage: Path, how: str) -> None:
    repeats, _ = open_repeats(begin(storage, 2))
    (best, _), (second, _) = repeats.plan().values()
    repeats.finished(train(storage, second, 0.5))
    record = train(storage, best, 0.9)
    if how == "diverged":
        result = record.result.model_copy(update={"diverged_at_epoch": 1})
        repeats.finished(record.model_copy(update={"result": result}))
        assert repeats.result.repeats[0].failure == "diverged in epoch 2"
        assert next_repeats(repeats.result)[0] == (2, 2)
    else:
        (Ledger(storage).folder(best.key) / "predictions.parquet").write_bytes(b"no")
        repeats.finished(record)
        assert repeats.num_failed == 1
        assert "do not have the SHA-256" in repeats.result.repeats[0].failure
