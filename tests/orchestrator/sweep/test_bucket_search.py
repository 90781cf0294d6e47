"""One search by two machines that share a bucket: the real command, each with its own cache."""

import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from corpora.parsing.sealed import parse_sealed
from corpora.recipes.pictures import LE
from corpora.store.prepared import read_manifest
from orchestrator.search.journal.open import PIECES
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.corpora import publish_corpus
from orchestrator.storage.mirror import mirror_of
from reports.ledger.ledger import LOCK_FILE, RECORD_FILE, Ledger
from reports.ledger.search_result import RESULT_FILE, SearchResult
from tests.orchestrator.conftest import CORPUS
from tests.running import end, started, wait_for

pytestmark = pytest.mark.slow

FOLDER = Path("searches", f"small-{CORPUS}-tiny-f1")
NUM_CANDIDATES = 6
LIMIT_S = 400.0
SPACE = """
from search_spaces.space import LogRange, Space

SMALL = Space(
    name="small",
    title="A small space",
    systems={"le": "search_spaces.systems.le:LE"},
    change={"training.max_epochs": 2},
    fields=(LogRange(path="training.learning_rate", low=1e-4, high=1e-2),),
)
"""


@dataclass(frozen=True)
class Machine:
    """A machine with a cache of its own; `command` starts the search there."""

    storage: Path
    start: Callable[[], AbstractContextManager["subprocess.Popen[bytes]"]]

    @property
    def trained(self) -> set[str]:
        """The keys of the trials that were locked here, so that they train."""
        return {path.parent.name for path in Ledger(self.storage).trials.glob(f"*/{LOCK_FILE}")}

    @property
    def result(self) -> SearchResult:
        return parse_sealed((self.storage / FOLDER / RESULT_FILE).read_bytes(), SearchResult)


@pytest.fixture
def machines(
    bucket: str, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Machine]:
    """Give two machines, and a corpus in the bucket."""
    (tmp_path / "space.py").write_text(SPACE)
    place = f"{bucket}/place"

    def machine(name: str) -> Machine:
        monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / name))

        def start() -> AbstractContextManager["subprocess.Popen[bytes]"]:
            monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / name))
            search = ("tune", "space.py", "--trials", NUM_CANDIDATES, "--no-asha", "--slots", 1)
            where = ("--corpus", CORPUS, "--storage", place)
            return started(*search, *where, cwd=tmp_path)

        return Machine(mirror_of(place).folder, start)

    found = [machine(name) for name in ("here", "there")]
    here = found[0].storage
    shutil.copytree(prepared / "corpora", here / "corpora")
    publish_corpus(here, read_manifest(here, CORPUS, LE.name))
    return found


def assert_each_candidate_once(bucket: str, result: SearchResult) -> None:
    assert [one.number for one in result.candidates] == list(range(NUM_CANDIDATES))
    assert len({one.key for one in result.candidates}) == NUM_CANDIDATES
    alike = "it predicts the same for every validation utterance"
    assert {(one.state, one.failure) for one in result.candidates} <= {
        ("finished", ""),
        ("failed", alike),  # after two epochs on black pictures
    }
    store = BucketStore(f"{bucket}/place")
    pieces = [store.read(name) or b"" for name in store.names(f"{FOLDER}/{PIECES}")]
    codes = [json.loads(line)["op_code"] for line in b"".join(pieces).splitlines()]
    assert (codes.count(0), codes.count(4)) == (1, NUM_CANDIDATES)


def recorded(bucket: str) -> set[str]:
    """Return the keys of the trials whose records are in the bucket."""
    names = BucketStore(f"{bucket}/place").names("trials")
    return {Path(name).parent.name for name in names if Path(name).name == RECORD_FILE}


def test_two_machines_share_a_search_and_one_ends_it_after_the_other_was_killed(
    machines: list[Machine], bucket: str
) -> None:
    here, there = machines
    with here.start() as first, there.start() as second:
        wait_for(lambda: bool(there.trained) and bool(here.trained), LIMIT_S)
        family = psutil.Process(second.pid).children(recursive=True)
        second.kill()
        second.wait(60)
        end(family)
        assert first.wait(LIMIT_S) == 0
    assert_each_candidate_once(bucket, here.result)
    keys = {one.key for one in here.result.candidates}
    assert recorded(bucket) == keys == here.trained | there.trained
    with there.start() as again:
        assert again.wait(LIMIT_S) == 0
    assert there.result == here.result
    published = BucketStore(f"{bucket}/place").read(f"{FOLDER}/{RESULT_FILE}")
    assert published == (here.storage / FOLDER / RESULT_FILE).read_bytes()
