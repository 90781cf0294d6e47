"""One search on several machines: each test is what any number of them may do at once."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import JournalStorage

from orchestrator.search.journal.journal import Journal
from orchestrator.search.journal.objects import COPY_FILE
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.objects import FolderStore
from reports.ledger.ledger import LedgerError
from search_spaces.errors import StudyError
from tests.bucket_server import ROOT, BucketServer
from tests.orchestrator.search.factories import open_log, values_of
from tests.orchestrator.search.journal.asker import BELOW, shared

NUM_MACHINES, NUM_CANDIDATES = 3, 24

Open = Callable[[str], Journal]


@pytest.fixture
def on(tmp_path: Path) -> Open:
    """Open the journal on a machine of that name; what stands for the bucket is a folder."""

    def open_on(machine: str) -> Journal:
        return shared(FolderStore(tmp_path / "bucket"), tmp_path / machine / COPY_FILE)

    return open_on


def lines_in(store: BucketStore | FolderStore) -> list[dict[str, Any]]:
    pieces = [store.read(name) or b"" for name in store.names(BELOW)]
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


def ask(uri: str, copy: Path, num_candidates: int = NUM_CANDIDATES) -> "subprocess.Popen[str]":
    """Start a machine that asks for candidates."""
    command = [sys.executable, "-m", "tests.orchestrator.search.journal.asker"]
    given = [uri, str(num_candidates), str(copy)]
    return subprocess.Popen([*command, *given], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_machines_that_ask_at_once_get_each_candidate_once(bucket: str, tmp_path: Path) -> None:
    machines = [ask(bucket, tmp_path / str(number)) for number in range(NUM_MACHINES)]
    printed = [machine.communicate(timeout=120)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0] * NUM_MACHINES
    numbers = [int(line) for output in printed for line in output.split()]
    assert sorted(numbers) == list(range(NUM_CANDIDATES))
    log = open_log(shared(BucketStore(bucket), tmp_path / "another"))
    candidates = log.candidates(lambda point: "")
    assert [one.scores for one in candidates] == [
        {"f1": number / 100} for number in range(NUM_CANDIDATES)
    ]
    assert log.is_complete(NUM_CANDIDATES)
    lines = lines_in(BucketStore(bucket))
    codes = [line["op_code"] for line in lines]
    assert (codes.count(0), codes.count(4)) == (1, NUM_CANDIDATES)
    ends = [line["trial_id"] for line in lines if line["op_code"] == 6]
    assert sorted(ends) == list(range(NUM_CANDIDATES))


@pytest.mark.slow
def test_machine_that_is_killed_leaves_whole_candidates_alone(bucket: str, tmp_path: Path) -> None:
    """It may be killed at any time: also while it asks, or between two lines of a candidate."""
    drawn = random.Random(0)
    for _ in range(5):
        machine = ask(bucket, tmp_path / "killed", num_candidates=1000)
        assert machine.stdout is not None
        for _ in range(drawn.randrange(1, 6)):
            machine.stdout.readline()
        machine.kill()
        machine.communicate(timeout=60)
    codes = [line["op_code"] for line in lines_in(BucketStore(bucket))]
    log = open_log(shared(BucketStore(bucket), tmp_path / "another"))
    candidates = log.candidates(lambda point: "")
    assert [one.number for one in candidates] == list(range(codes.count(4)))
    assert len(candidates) >= 5
    left = [one.number for one in log.open_candidates()]
    assert left == [one.number for one in candidates if one.state == "running"]
    asked = log.ask(1000)
    assert asked is not None
    assert asked.number == len(candidates)


def test_candidates_are_those_of_a_search_in_a_folder(on: Open, tmp_path: Path) -> None:
    logs = [open_log(tmp_path / "folder"), open_log(on("here"))]
    for log in logs:
        for number in range(15):
            assert log.ask(15) is not None
            log.finish(number, {"f1": number % 4 / 10})
    folder, bucket = map(values_of, logs)
    assert folder == bucket


def test_what_one_machine_tells_the_other_sees(on: Open) -> None:
    here, there = open_log(on("here")), open_log(on("there"))
    assert here.id == there.id
    asked = [log.ask(4) for log in (here, there, here, there, here, there)]
    assert [one.number if one else None for one in asked] == [0, 1, 2, 3, None, None]
    here.note_f1(1, {1: 0.25})
    there.stop(1, {1: 0.25})
    here.finish(0, {"f1": 0.5})
    there.reject(2, "no model")
    here.note_failure(3, "out of luck")
    for log in (here, there, open_log(on("another"))):
        candidates = log.candidates(lambda point: "")
        states = [one.state for one in candidates]
        assert states == ["finished", "stopped", "failed", "failed"]
        assert [one.number for one in log.open_candidates()] == [3]


def test_ask_that_another_overtakes_draws_anew(on: Open) -> None:
    here, there = on("here"), open_log(on("there"))
    log, drawn = open_log(here), []

    def act(storage: JournalStorage) -> int:
        drawn.append(storage.create_new_trial(study_id=0))
        if len(drawn) == 1:
            assert there.ask(5) is not None
        return drawn[-1]

    assert here.alone(act) == 1
    assert drawn == [0, 1]
    assert [bool(trial.params) for trial in log.study.trials] == [True, False]


def test_score_that_comes_meanwhile_overtakes_no_ask(on: Open) -> None:
    here, there = on("here"), open_log(on("there"))
    log, drawn = open_log(here), []
    log.ask(5)

    def act(storage: JournalStorage) -> int:
        drawn.append(storage.create_new_trial(study_id=0))
        there.note_f1(0, {1: 0.5})
        there.finish(0, {"f1": 0.5})
        return drawn[-1]

    assert here.alone(act) == 1
    assert drawn == [1]
    assert log.study.trials[0].values == [0.5]
    assert len(log.study.trials) == 2


def test_error_in_an_ask_leaves_nothing(on: Open) -> None:
    journal = on("here")
    open_log(journal)

    def act(storage: JournalStorage) -> int:
        storage.create_new_trial(study_id=0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal.alone(act)
    assert open_log(journal).study.trials == open_log(on("there")).study.trials == []


class InterruptingStore(FolderStore):
    """A folder in which another machine does something just before this one creates a file."""

    interrupt: Callable[[], None] | None = None

    def create(self, name: str, content: bytes) -> bool:
        interrupt, self.interrupt = self.interrupt, None
        if interrupt is not None:
            interrupt()
        return super().create(name, content)


def test_end_that_two_machines_tell_at_once_is_told_once(on: Open, tmp_path: Path) -> None:
    """Each sees the candidate open, and then adds its end."""
    store = InterruptingStore(tmp_path / "bucket")
    here, there = open_log(shared(store, tmp_path / "here")), open_log(on("there"))
    for number, tell in enumerate(
        (
            lambda: here.finish(0, {"f1": 0.25}),
            lambda: here.stop(1, {1: 0.25}),
            lambda: here.reject(2, "no model"),
            lambda: here.note_failure(3, "out of luck"),
        )
    ):
        here.ask(4)
        store.interrupt = partial(there.finish, number, {"f1": 0.5})
        tell()
        assert store.interrupt is None
    for log in (here, there):
        candidates = log.candidates(lambda point: "")
        assert [(one.scores, one.failure) for one in candidates] == [({"f1": 0.5}, "")] * 4


class LossyStore(FolderStore):
    """A folder that loses the answers to some requests that it fulfilled."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.loses = False

    def create(self, name: str, content: bytes) -> bool:
        done = super().create(name, content) or self.read(name) == content
        if done and self.loses:
            raise TimeoutError("no answer")
        return done


def test_lost_answer_neither_doubles_nor_loses_a_line(tmp_path: Path) -> None:
    store = LossyStore(tmp_path / "bucket")
    here = open_log(shared(store, tmp_path / "lossy"))
    here.ask(5)
    store.loses = True
    with pytest.raises(TimeoutError):
        here.note_f1(0, {1: 0.5})
    store.loses = False
    here.note_f1(0, {1: 0.5})
    assert [line["op_code"] for line in lines_in(store)].count(8) == 1
    store.loses = True
    with pytest.raises(TimeoutError):
        here.ask(5)
    store.loses = False
    assert [one.number for one in here.open_candidates()] == [0, 1]  # nobody was told of 1
    asked = here.ask(5)
    assert asked is not None
    assert asked.number == 2


def test_lost_answer_about_a_line_that_came_too_late_troubles_nobody(
    on: Open, tmp_path: Path
) -> None:
    """Optuna raises an error about a line of its own that has no effect, whenever it reads it."""
    store = LossyStore(tmp_path / "bucket")
    here, there = open_log(shared(store, tmp_path / "lossy")), open_log(on("there"))
    here.ask(5)
    there.finish(0, {"f1": 0.75})
    store.loses = True
    with pytest.raises(TimeoutError):
        here.note_f1(0, {1: 0.5})
    store.loses = False
    (candidate,) = here.candidates(lambda point: "")
    assert (candidate.state, candidate.valid_f1) == ("finished", {})


def test_bucket_that_is_away_costs_nothing(
    bucket: str, server: BucketServer, tmp_path: Path
) -> None:
    log = open_log(shared(BucketStore(bucket), tmp_path / "copy"))
    log.ask(5)
    with server.away():
        for call in (
            lambda: log.ask(5),
            lambda: log.note_f1(0, {1: 0.5}),
            log.open_candidates,
            lambda: log.finish(0, {"f1": 0.5}),
        ):
            with pytest.raises(OSError, match="Service Unavailable"):
                call()
    asked = log.ask(5)
    assert asked is not None
    assert asked.number == 1
    log.finish(0, {"f1": 0.5})
    assert open_log(shared(BucketStore(bucket), tmp_path / "other")).study.best_value == 0.5


def test_search_of_another_space_is_told_on_every_machine(on: Open) -> None:
    open_log(on("here"), identity="one")
    open_log(on("there"), identity="one")
    with pytest.raises(StudyError, match="search 'the bucket' was started with another space"):
        open_log(on("there"), identity="another")


@pytest.mark.parametrize("damaged", [b"no JSON\n", b'{"trial_id": 0}\n', b"[]\n"])
def test_damaged_piece_is_told(on: Open, tmp_path: Path, damaged: bytes) -> None:
    open_log(on("here"))
    (name,) = FolderStore(tmp_path / "bucket").names(BELOW)
    FolderStore(tmp_path / "bucket").write(name, damaged)
    with pytest.raises(LedgerError, match=r"journal 'the bucket' is damaged.*remove the search"):
        on("there")


def test_opening_a_search_adds_nothing(on: Open, tmp_path: Path) -> None:
    """On a bucket, it would be one more piece each time."""
    open_log(on("here"))
    before = lines_in(FolderStore(tmp_path / "bucket"))
    open_log(on("there"))
    assert lines_in(FolderStore(tmp_path / "bucket")) == before
