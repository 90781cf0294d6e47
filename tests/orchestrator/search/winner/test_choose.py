"""The end of a search whose repeats are in the ledger: the statement, and who is read on test."""

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from corpora.parsing.sealed import parse_sealed
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster import session as training_session
from orchestrator.cluster.machines import THIS_MACHINE
from orchestrator.plan.place import Place
from orchestrator.search.goal import SearchGoal, SearchMeans
from orchestrator.search.run_search import run_search
from orchestrator.search.search import Search
from orchestrator.tracking.mirror import MlflowMirror
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import RESULT_FILE, SearchResult
from reports.scores.count_index import CountIndex
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.search.factories import F1, SPACE
from tests.orchestrator.search.winner.factories import (
    NUM_CANDIDATES,
    begin,
    open_repeats,
    train,
)
from tests.orchestrator.tracking.factories import runs_of


@pytest.fixture(autouse=True)
def _no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it wants to train")

    monkeypatch.setattr(training_session, "training_session", fail)


@pytest.fixture(autouse=True)
def _database(storage: Path, blank_database: Path) -> None:
    shutil.copy(blank_database, storage / "mlflow.db")


def train_all(storage: Path, num_seeds: int, f1: float = 0.5) -> Search:
    """Finish everything that a search with so many seeds asks for."""
    search = begin(storage, num_seeds)
    repeats, _ = open_repeats(search)
    while missing := repeats.plan():
        for trial, _ in missing.values():
            repeats.finished(train(storage, trial, f1))
    return search


def run(storage: Path, num_seeds: int) -> tuple[SearchResult, str]:
    """Run the search to its end; return its result, and what it printed."""
    printed = io.StringIO()
    mirror = MlflowMirror(storage, tracking_uri_of(None, storage))
    goal = SearchGoal((F1,), NUM_CANDIDATES, seed=0, stops_early=True, num_seeds=num_seeds)
    try:
        end = run_search(
            SPACE,
            Place(CORPUS, None, storage),
            goal,
            SearchMeans(THIS_MACHINE, "none", None, keeps_models=False),
            mirror,
            Console(file=printed, width=80),
        )
    finally:
        assert mirror.close() is None
    assert end == (0, None)
    path = storage / "searches" / f"small-{CORPUS}-tiny-f1" / RESULT_FILE
    return parse_sealed(path.read_bytes(), SearchResult), " ".join(printed.getvalue().split())


def test_winner_is_stated_and_test_is_read_of_it_alone(storage: Path) -> None:
    train_all(storage, 2)
    result, told = run(storage, 2)
    winner = result.winner
    assert winner is not None
    assert (winner.number, winner.chosen_over, winner.seeds) == (1, (0, 1), (2, 3, 4, 5, 6))
    assert "The winner is candidate 1, chosen by its mean validation F1 over seeds 0 to 1" in told
    assert "Its baseline is not in the ledger with these seeds" in told
    assert [one.number for one in result.candidates if one.is_best] == [1]
    records = Ledger(storage).records()
    read = {one.key for one in records if CountIndex(storage).find(one) is not None}
    assert read == {one.key for one in result.repeats if one.seed in winner.seeds}
    folder = storage / "searches" / result.name
    assert "test" not in "".join(path.read_text() for path in folder.glob("*.csv"))
    assert "seeds=(2, 3, 4, 5, 6)" in (folder / "tuned_study.py").read_text()
    uri = tracking_uri_of(None, storage)
    (parent,) = runs_of(uri, "search")
    assert (parent.info.status, len(runs_of(uri, "repeat"))) == ("FINISHED", 7)


def test_baseline_is_told_once_the_ledger_has_it(storage: Path) -> None:
    search = train_all(storage, 2)
    stated, _ = run(storage, 2)
    for seed in range(2, 7):
        train(storage, search.points.baseline("le", seed), 0.25)
    again, told = run(storage, 2)
    assert again.winner is not None
    assert stated.winner is not None
    assert again.winner.baseline is not None
    assert again.winner.model_copy(update={"baseline": None}) == stated.winner
    assert "the winner gains 0.0 points (0.0 to 0.0)" in told


def test_earlier_winner_whose_test_was_read_is_told(storage: Path) -> None:
    """With a third seed another candidate wins; the first statement was read all the same."""
    train_all(storage, 2)
    run(storage, 2)
    search = begin(storage, 3)
    repeats, _ = open_repeats(search)
    while missing := repeats.plan():
        for trial, row in missing.values():
            repeats.finished(train(storage, trial, 0.9 if row.row == "candidate 2" else 0.1))
    result, told = run(storage, 3)
    assert result.winner is not None
    assert (result.winner.number, result.winner.read_before) == (2, (1,))
    assert "the search read it before of candidate 1, which won then" in told


def test_missing_seed_is_trained_for(storage: Path) -> None:
    begin(storage, 2)
    with pytest.raises(AssertionError, match="it wants to train"):
        run(storage, 2)
    result, told = run(storage, 1)
    assert (result.winner, result.repeats) == (None, ())
    assert "seeds" not in told
