"""A search survives: the real command, a real kill, and what MLflow then has of it."""

from pathlib import Path

import psutil
import pytest

from corpora.parsing.sealed import parse_sealed
from orchestrator.addresses.address import tracking_uri_of
from reports.ledger.search_result import JOURNAL_FILE, SearchResult, read_searches
from tests.orchestrator.tracking.factories import runs_of, steps_of
from tests.orchestrator.tracking.searches.factories import candidates_of
from tests.running import (
    call,
    checkpoints,
    end,
    epochs_done,
    make_workplace,
    record_times,
    records,
    resumed_from,
    started,
    wait_for,
)

pytestmark = pytest.mark.slow

NUM_CANDIDATES = 3
SPACE = """
from search_spaces.space import Choice, LogRange, Space

SMALL = Space(
    name="small",
    title="A small space",
    systems={"le": "search_spaces.systems.le:LE"},
    change={"training.max_epochs": 2},
    fields=(
        Choice(
            name="head",
            options={
                "decoder": {"model.head": {"kind": "emotion_decoder", "depth": 1}},
                "cls": {"model.head": {"kind": "cls"}},
            },
        ),
        LogRange(path="training.learning_rate", low=1e-4, high=1e-2),
    ),
)
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Make a folder with a prepared corpus and a space."""
    folder = make_workplace(tmp_path)
    (folder / "base").rename(folder / "storage")
    (folder / "space.py").write_text(SPACE)
    return folder


def test_killed_search_loses_no_candidate_and_repeats_none(workplace: Path) -> None:
    """What was finished stays, what trained goes on, and the next command asks for the rest.

    Early stopping is on, and has its first say in the last epoch, in which it stops nobody.
    """
    storage = workplace / "storage"
    corpus = ("--corpus", "mine", "--storage", storage)
    command = ("tune", "space.py", *corpus, "--slots", 2, "--trials", NUM_CANDIDATES)
    with started(*command, cwd=workplace) as process:
        wait_for(lambda: bool(records(storage)) and bool(checkpoints(storage)))
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(60)
        end(family)
    finished, safe = record_times(storage), epochs_done(storage)
    assert 0 < len(finished) < NUM_CANDIDATES
    call("sync", "--storage", storage, cwd=workplace)
    uri = tracking_uri_of(None, storage)
    (killed,) = runs_of(uri, "search")
    assert killed.info.status == "KILLED"
    folder = storage / "searches" / "small-mine-tiny-f1"
    journal = (folder / JOURNAL_FILE).read_bytes()
    call(*command, cwd=workplace)
    result = parse_sealed((folder / "search.json").read_bytes(), SearchResult)
    assert [one.number for one in result.candidates] == list(range(NUM_CANDIDATES))
    alike = "it predicts the same for every validation utterance"
    assert {(one.state, one.failure) for one in result.candidates} <= {
        ("finished", ""),
        ("failed", alike),  # after two epochs on black pictures
    }
    keys = [one.key for one in result.candidates]
    assert len(set(keys)) == NUM_CANDIDATES
    assert records(storage).keys() == set(keys)
    assert record_times(storage).items() >= finished.items()
    assert resumed_from(storage) == {key: (done,) for key, done in safe.items()}
    assert not checkpoints(storage)
    assert (folder / JOURNAL_FILE).read_bytes().startswith(journal)
    assert_each_once(uri, result, killed.info.run_id)
    assert "Nothing waits" in call("sync", "--storage", storage, cwd=workplace)
    assert "0 candidates delivered" in call("sync", "--all", "--storage", storage, cwd=workplace)
    assert_each_once(uri, result, killed.info.run_id)
    pulled = ("pull", "--tracking-uri", uri, "--storage", "pulled")
    assert f"{NUM_CANDIDATES} trials of search {result.name} pulled" in call(*pulled, cwd=workplace)
    assert read_searches(workplace / "pulled") == [result]
    assert records(workplace / "pulled").keys() == set(keys)


def assert_each_once(uri: str, result: SearchResult, run_id: str) -> None:
    """Check that the search has one run, and each candidate one below it, with each epoch once."""
    (parent,) = runs_of(uri, "search")
    assert (parent.info.run_id, parent.info.status) == (run_id, "FINISHED")
    runs = candidates_of(uri)
    assert set(runs) == {one.number for one in result.candidates}
    for one in result.candidates:
        run = runs[one.number]
        assert run.data.tags["mlflow.parentRunId"] == run_id
        assert run.data.tags["state"] == one.state
        assert steps_of(uri, run) == steps_of(uri, run, "train_loss") == [1, 2]
        assert len(steps_of(uri, run, "objective_f1")) == (one.state == "finished")
