"""The repeats of a search's best candidates in MLflow."""

from pathlib import Path
from typing import Any

from orchestrator.tracking.client import Client
from orchestrator.tracking.delivery import Delivery
from orchestrator.tracking.pull import pull_ledger
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import Candidate, SearchResult, read_searches, search_folder
from reports.scores.trials import TrialScores
from reports.search.files import write_search
from reports.search.winner.rejection import fresh_seeds
from reports.search.winner.statement import state_winner
from tests.orchestrator.tracking.factories import deliver, make_epoch, runs_of, steps_of
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    candidates_of,
    search_of,
    trial_of,
    write,
)


def repeat_of(number: int, seed: int, f1: float | None = 0.5) -> Candidate:
    """Make a repeat; it trains if it has no F1."""
    given: dict[str, Any] = {"key": trial_of(number, seed).key, "seed": seed, "valid_f1": {}}
    if f1 is None:
        given |= {"state": "running", "num_epochs": 0}
    return candidate(number, f1, **given)


def repeated(*repeats: Candidate) -> SearchResult:
    first, best = candidate(0, 0.5), candidate(1, 0.75, is_best=True)
    return search_of(first, best, num_seeds=2, repeats=repeats)


def stated(storage: Path) -> SearchResult:
    """Write a search whose winner is stated."""
    repeats = [repeat_of(0, 1, 0.5), *(repeat_of(1, seed) for seed in (1, *fresh_seeds(2)))]
    result = write(storage, repeated(*repeats))
    baseline = {seed: trial_of(0, seed).key for seed in fresh_seeds(2)}
    winner = state_winner(result, TrialScores(Ledger(storage)), baseline, [])
    result = result.model_copy(update={"winner": winner})
    write_search(result, search_folder(result.name, storage))
    return result


def test_repeat_has_a_run_of_its_own_while_it_trains_and_then(storage: Path, uri: str) -> None:
    write(storage, repeated())
    delivery = Delivery(storage, uri)
    delivery.follow([repeated(repeat_of(0, 1, None), repeat_of(1, 1, None))])
    delivery.start(trial_of(1, 1))
    delivery.epoch_done(trial_of(1, 1), make_epoch(0))
    (run,) = runs_of(uri, "repeat")
    assert (run.info.run_name, run.info.status) == ("candidate 1 s1", "RUNNING")
    assert (run.data.tags["seed"], steps_of(uri, run)) == ("1", [1])
    result = write(storage, repeated(repeat_of(0, 1, None), repeat_of(1, 1)))
    delivery.follow([result])
    assert delivery.deliver(trial_of(1, 1).key) is False  # no study has this trial
    delivery.close()
    (run,) = runs_of(uri, "repeat")
    assert (run.info.status, run.data.metrics["objective_f1"]) == ("FINISHED", 0.5)
    assert steps_of(uri, run) == [1, 2, 3]
    (parent,) = runs_of(uri, "search")
    assert parent.info.status == "KILLED"  # a seed is missing
    assert {n: run.info.status for n, run in candidates_of(uri).items()} == {
        0: "FINISHED",
        1: "FINISHED",
    }


def test_test_scores_are_those_of_the_winner_alone(storage: Path, uri: str) -> None:
    """On its search's run; neither candidates nor repeats have any."""
    result = stated(storage)
    deliver(storage, uri, result)
    assert len(runs_of(uri, "repeat")) == 7
    assert len(candidates_of(uri)) == 2
    for run in (*runs_of(uri, "candidate"), *runs_of(uri, "repeat")):
        assert not [name for name in run.data.metrics if "test" in name]
        assert not [name for name in run.data.tags if "test" in name]
    (parent,) = runs_of(uri, "search")
    assert parent.info.status == "FINISHED"
    assert result.winner is not None
    assert parent.data.metrics["winner_test_f1_mean"] == result.winner.test.mean
    assert parent.data.metrics["winner_valid_f1_std"] == result.winner.valid.std
    assert "read of the winner alone" in parent.data.tags["mlflow.note.content"]


def test_repeats_come_back_with_their_search(storage: Path, uri: str, tmp_path: Path) -> None:
    result = stated(storage)
    deliver(storage, uri, result)
    client = Client(uri)
    client.find_experiment()
    pulled = pull_ledger(client, tmp_path / "back")
    assert sorted(pulled.trials) == sorted(one.key for one in result.attempts)
    assert (pulled.faults, read_searches(tmp_path / "back")) == ([], [result])
