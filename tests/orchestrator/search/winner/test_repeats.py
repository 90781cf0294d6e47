from pathlib import Path

import pytest

from corpora.preparation.known import know_corpus
from orchestrator.search.goal import SearchGoal
from orchestrator.search.points import Points
from orchestrator.search.search import Search, open_search
from orchestrator.search.winner.repeats import Repeats
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.ledger.search_result import SearchResult
from reports.search.winner.statement import next_repeats
from search_spaces.change import apply_change
from search_spaces.trial import Trial
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.search.factories import F1, SPACE, finished
from tests.reports.factories import make_split, write_trial

FIRST = (0.5, 0.7, 0.6, 0.4)
"""The validation F1 of the candidates with the first seed."""


def begin(storage: Path, num_seeds: int) -> Search:
    """Open a search all of whose candidates have ended: the last was stopped early."""
    points = Points(SPACE, know_corpus(CORPUS, storage), "tiny")
    goal = SearchGoal((F1,), len(FIRST) + 1, seed=0, stops_early=True, num_seeds=num_seeds)
    search = open_search(points, goal, storage=storage)
    for f1 in FIRST:
        asked = search.log.ask(len(FIRST) + 1)
        if asked is not None:
            search.log.finish(asked.number, {"f1": f1})
    if search.log.ask(len(FIRST) + 1) is not None:
        search.log.stop(len(FIRST), {1: 0.9})
    return search


def open_repeats(search: Search) -> tuple[Repeats, list[SearchResult]]:
    changes: list[SearchResult] = []
    return Repeats(search, search.result(), on_change=changes.append), changes


def train(storage: Path, trial: Trial, f1: float) -> Record:
    """Finish a trial with this validation F1."""
    ledger = Ledger(storage)
    written = write_trial(ledger, trial, make_split(trial.seed, 2))
    record = finished(trial, (f1,))
    sha256 = {"predictions_sha256": written.result.predictions_sha256}
    record = record.model_copy(update={"result": record.result.model_copy(update=sha256)})
    (ledger.folder(trial.key) / "record.json").unlink()
    ledger.write(record)
    return record


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
    repeats.failed(first, "out of memory")
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
