"""A search that repeats its best candidates: the real command, a real kill, the test split."""

from pathlib import Path
from statistics import fmean

import psutil
import pytest

from corpora.parsing.sealed import parse_sealed
from orchestrator.addresses.address import tracking_uri_of
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import SearchResult
from reports.scores.count_index import CountIndex
from reports.scores.trials import TrialScores
from tests.orchestrator.tracking.factories import runs_of
from tests.running import (
    call,
    checkpoints,
    end,
    make_workplace,
    record_times,
    records,
    started,
    wait_for,
)

pytestmark = pytest.mark.slow

NUM_CANDIDATES, NUM_SEEDS = 4, 2
SPACE = """
from search_spaces.space import Choice, LogRange, Space

SMALL = Space(
    name="small",
    title="A small space",
    systems={"le": "search_spaces.systems.le:LE"},
    change={"training.max_epochs": 8, "training.batch_size": 4},
    fields=(
        Choice(
            name="head",
            options={
                "decoder": {"model.head": {"kind": "emotion_decoder", "depth": 1}},
                "cls": {"model.head": {"kind": "cls"}},
            },
        ),
        LogRange(path="training.learning_rate", low=2e-4, high=1.6e-3),
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


def test_killed_between_seeds_it_repeats_none_and_reads_test_of_the_winner_alone(
    workplace: Path,
) -> None:
    """It is killed among the seeds that choose; tuned_study.py then trains the baseline alone."""
    storage = workplace / "storage"
    place = ("--corpus", "mine", "--storage", storage, "--slots", 2)
    how_many = ("--trials", NUM_CANDIDATES, "--seeds", NUM_SEEDS)
    command = ("tune", "space.py", *place, *how_many, "--no-asha")
    with started(*command, cwd=workplace) as process:
        wait_for(lambda: len(records(storage)) > NUM_CANDIDATES or process.poll() is not None)
        assert process.poll() is None
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(60)
        end(family)
    before = record_times(storage)
    told = call(*command, cwd=workplace)
    assert record_times(storage).items() >= before.items()
    assert not checkpoints(storage)
    result = read(storage)
    winner = result.winner
    assert winner is not None
    assert winner.baseline is None
    assert f"The winner is candidate {winner.number}" in told
    keys = [one.key for one in result.attempts]
    assert records(storage).keys() == set(keys)
    assert len(set(keys)) == len(keys)
    assert_only_the_winner_is_told_on_test(storage, result)
    study = storage / "searches" / result.name / "tuned_study.py"
    call("run", study, *place, cwd=workplace)
    assert record_times(storage).items() >= before.items()
    num_new = len(records(storage)) - len(keys)
    assert num_new == len(winner.seeds)  # those of the baseline
    again = call(*command, cwd=workplace)
    assert len(records(storage)) == len(keys) + num_new
    stated = read(storage).winner
    assert stated is not None
    assert stated.baseline is not None
    assert "the winner gains" in " ".join(again.split())
    assert stated.test == winner.test


def read(storage: Path) -> SearchResult:
    path = storage / "searches" / "small-mine-tiny-f1" / "search.json"
    return parse_sealed(path.read_bytes(), SearchResult)


def read_on_test(storage: Path) -> set[str]:
    """Name the trials whose decisions on the test split were counted."""
    index = CountIndex(storage)
    return {key for key, record in records(storage).items() if index.find(record) is not None}


def assert_only_the_winner_is_told_on_test(storage: Path, result: SearchResult) -> None:
    """Check what the search was told of on the test split, and what it tells of it."""
    winner = result.winner
    assert winner is not None
    fresh = [one.key for one in result.repeats if one.seed in winner.seeds]
    assert read_on_test(storage) == set(fresh)
    scores = TrialScores(Ledger(storage))
    of_winner = [scores.find(record, "f1") or 0.0 for record in scores.finished(fresh).values()]
    assert winner.test.mean == pytest.approx(fmean(of_winner))
    folder = storage / "searches" / result.name
    for path in folder.glob("*.csv"):
        assert "test" not in path.read_text()
    uri = tracking_uri_of(None, storage)
    for run in (*runs_of(uri, "candidate"), *runs_of(uri, "repeat")):
        assert not [name for name in run.data.metrics if "test" in name]
