"""A real MLflow server that dies, hangs and comes back: nothing is lost, nothing is doubled."""

import subprocess
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from orchestrator.addresses.named import note_named
from orchestrator.addresses.spool import spool
from orchestrator.tracking.mirror import SILENCE_S, MlflowMirror
from search_spaces.catalogue import find_study
from tests.mlflow_server import MlflowServer, mlflow_server
from tests.orchestrator.factories import write_study_file
from tests.orchestrator.tracking.factories import (
    NUM_EPOCHS,
    make_epoch,
    make_plan,
    plan_study,
    record_trial,
    runs_of,
    steps_of,
)
from tests.orchestrator.tracking.searches.factories import candidates_of, small_search
from tests.running import COMMAND, NUM_TRIALS, call, make_workplace, records, sweep

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    with mlflow_server(tmp_path / "server") as running:
        note_named(running.uri)
        yield running


def assert_each_once(server: MlflowServer, keys: set[str], num_epochs: int) -> None:
    """Check that each trial has one finished run, with every epoch once."""
    runs = runs_of(server.uri)
    assert sorted(run.data.tags["key"] for run in runs) == sorted(keys)
    assert {run.info.status for run in (*runs, *runs_of(server.uri, "study"))} == {"FINISHED"}
    for run in runs:
        assert steps_of(server.uri, run, "train_loss") == list(range(1, num_epochs + 1))
        assert steps_of(server.uri, run, "test_f1") == [0]


def test_sweep_without_its_server_is_whole_and_synced_afterwards(
    tmp_path: Path, server: MlflowServer
) -> None:
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    make_workplace(workplace)
    study = write_study_file(workplace / "study.py", max_epochs=2)
    server.kill()
    printed = call(*sweep(study, workplace / "base", "--tracking-uri", server.uri), cwd=workplace)
    assert f"MLflow lacks some of this: MLflow at {server.uri}" in printed
    assert "`mmer-sweep sync`" in printed
    keys = set(records(workplace / "base"))
    assert len(keys) == NUM_TRIALS
    server.start()
    synced = call("sync", "--storage", "base", cwd=workplace)
    assert f"{NUM_TRIALS} trials delivered, 0 left" in synced
    assert_each_once(server, keys, 2)


def test_server_that_hangs_holds_nobody_up(tmp_path: Path, server: MlflowServer) -> None:
    """A frozen server may hear a request much later: even so no run is doubled in the end."""
    storage = tmp_path / "storage"
    _, trials = make_plan(storage)
    spawn = get_context("spawn")
    is_frozen = spawn.Event()
    sweeping = spawn.Process(target=sweep_while_frozen, args=(storage, server.uri, is_frozen))
    sweeping.start()  # its own driver: one that lived on would hold on to its runs
    while not runs_of_study(server):
        assert sweeping.is_alive()
        time.sleep(0.2)
    server.freeze()
    is_frozen.set()
    sweeping.join(SILENCE_S + 60)
    assert sweeping.exitcode == 0
    server.thaw()
    sync = [str(COMMAND), "sync", "--storage", str(storage)]
    statuses: list[int] = []  # a request that is heard only now may undo what was delivered: then 1
    while 0 not in statuses:
        assert len(statuses) < 3
        statuses.append(subprocess.run(sync, cwd=tmp_path, timeout=120).returncode)
    assert_each_once(server, {trial.key for trial in trials}, NUM_EPOCHS)


def sweep_while_frozen(storage: Path, tracking_uri: str, is_frozen: Event) -> None:
    planned, trials = make_plan(storage)
    mirror = MlflowMirror(storage, tracking_uri)
    mirror.follow([planned])
    mirror.started(trials[0])
    assert is_frozen.wait(60)
    start = time.monotonic()
    for trial in trials:
        mirror.started(trial)
        for number in range(NUM_EPOCHS):
            mirror.epoch_done(trial, make_epoch(number))
        mirror.finished(record_trial(storage, trial))
    assert time.monotonic() - start < 5
    assert mirror.close() is not None
    assert time.monotonic() - start < SILENCE_S + 10


def runs_of_study(server: MlflowServer) -> bool:
    try:
        return bool(runs_of(server.uri, "study"))
    except AssertionError:  # the experiment is not there yet
        return False


def test_two_syncs_at_once_deliver_each_trial_once(tmp_path: Path, server: MlflowServer) -> None:
    storage = tmp_path / "storage"
    planned, trials = make_plan(storage, num_seeds=4)
    for trial in trials:
        record_trial(storage, trial)
    spool([planned], storage, server.uri)
    command = [str(COMMAND), "sync", "--storage", str(storage)]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(2)]
    for process in both:
        process.wait(120)
    call("sync", "--storage", storage, "--all", "--tracking-uri", server.uri, cwd=tmp_path)
    assert_each_once(server, {trial.key for trial in trials}, NUM_EPOCHS)


def test_two_syncs_of_a_search_at_once_deliver_each_candidate_once(
    tmp_path: Path, server: MlflowServer
) -> None:
    storage = tmp_path / "storage"
    result = small_search(storage)
    spool([result], storage, server.uri)
    command = [str(COMMAND), "sync", "--storage", str(storage)]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(2)]
    for process in both:
        process.wait(120)
    call("sync", "--storage", storage, "--all", "--tracking-uri", server.uri, cwd=tmp_path)
    (parent,) = runs_of(server.uri, "search")
    assert parent.info.status == "FINISHED"
    runs = candidates_of(server.uri)
    assert set(runs) == {one.number for one in result.candidates}
    for one in result.candidates:
        assert steps_of(server.uri, runs[one.number]) == list(one.valid_f1)
        assert len(steps_of(server.uri, runs[one.number], "objective_f1")) == len(one.scores)


def test_report_of_a_pulled_ledger_is_the_same_byte_by_byte(
    tmp_path: Path, server: MlflowServer
) -> None:
    planned, trials = plan_study(tmp_path / "ours", find_study("layers"), num_seeds=1)
    for trial in trials[1:]:  # one is missing
        record_trial(tmp_path / "ours", trial)
    spool([planned], tmp_path / "ours", server.uri)
    call("sync", "--storage", "ours", cwd=tmp_path)
    call("pull", "--tracking-uri", server.uri, "--storage", "theirs", cwd=tmp_path)
    written = [report_files(tmp_path, storage) for storage in ("ours", "theirs")]
    assert written[0] == written[1]
    assert {name.partition("/")[0] for name in written[0]} >= {"tables", "verdicts", "report.html"}


def report_files(folder: Path, storage: str) -> dict[str, bytes]:
    """Write the report of a storage folder; return its files but the PDF, which holds a date."""
    output = folder / f"report of {storage}"
    call("report", "--storage", storage, "--output", output, cwd=folder)
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and path.suffix != ".pdf"
    }
