import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner, Result
from mlflow.tracking import MlflowClient

from orchestrator.addresses.named import note_named
from orchestrator.addresses.spool import read_spooled, spooled_uris
from orchestrator.cli import cli
from orchestrator.tracking.delivery import Delivery
from orchestrator.tracking.mirror import MlflowMirror
from orchestrator.tracking.searches.content import candidate_key
from reports.ledger.search_result import SearchResult, read_searches
from tests.orchestrator.tracking.factories import (
    make_epoch,
    make_plan,
    record_trial,
    runs_of,
    steps_of,
)
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    candidates_of,
    running,
    search_of,
    small_search,
    stopped,
    trial_of,
    write,
)


class CountingMirror(MlflowMirror):
    """Counts how often MLflow answered."""

    num_answers = 0

    def _note_answer(self) -> None:
        super()._note_answer()
        self.num_answers += 1


def sync(storage: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["sync", "--storage", str(storage), *arguments])


def test_search_is_mirrored_while_it_trains(storage: Path, uri: str) -> None:
    mirror = MlflowMirror(storage, uri)
    mirror.follow_search(search_of(running(0), running(1), num_asked=3))
    for number in range(3):  # the last is not known yet
        mirror.started(trial_of(number))
    for number in range(2):
        mirror.epoch_done(trial_of(number), make_epoch(0))
        mirror.epoch_done(trial_of(number), make_epoch(1))
    wait_for_mlflow(mirror)
    runs = candidates_of(uri)
    assert {n: run.info.status for n, run in runs.items()} == {0: "RUNNING", 1: "RUNNING"}
    mirror.follow_search(search_of(running(0), stopped(1), running(2), num_asked=3))
    wait_for_mlflow(mirror)
    assert candidates_of(uri)[2].info.status == "RUNNING"
    mirror.epoch_done(trial_of(0), make_epoch(2))
    record_trial(storage, trial_of(0))
    mirror.follow_search(search_of(candidate(0, 0.5), stopped(1), running(2), num_asked=3))
    assert mirror.close() is None
    runs = candidates_of(uri)
    assert {n: run.info.status for n, run in runs.items()} == {
        0: "FINISHED",
        1: "KILLED",
        2: "KILLED",
    }
    assert [runs[n].data.tags.get("stopped_at_epoch") for n in range(3)] == [None, "2", None]
    assert steps_of(uri, runs[0], "train_loss") == steps_of(uri, runs[0]) == [1, 2, 3]
    assert steps_of(uri, runs[1], "train_loss") == steps_of(uri, runs[1]) == [1, 2]
    (parent,) = runs_of(uri, "search")
    assert parent.info.status == "KILLED"  # the third goes on with the next command
    assert not [name for name in parent.data.tags if name.startswith("heartbeat/")]
    assert spooled_uris(storage) == []


def wait_for_mlflow(mirror: MlflowMirror) -> None:
    """Wait until everything before was mirrored."""
    is_there = Event()
    mirror._backlog.put(lambda _: is_there.set(), "last")
    assert is_there.wait(60)


def test_complete_search_is_not_delivered_again_until_it_has_more(storage: Path, uri: str) -> None:
    result = small_search(storage)
    assert num_answers(storage, uri, result) > 0
    assert num_answers(storage, uri, result) == 0
    more = write(storage, search_of(*result.candidates, candidate(4, 0.25)))
    assert num_answers(storage, uri, more) > 0
    assert num_answers(storage, uri, more) == 0
    assert set(candidates_of(uri)) == set(range(5))


def num_answers(storage: Path, uri: str, result: SearchResult) -> int:
    mirror = CountingMirror(storage, uri)
    mirror.follow_search(result)
    assert mirror.close() is None
    return mirror.num_answers


def test_page_is_that_of_the_search(storage: Path, uri: str) -> None:
    for _ in range(2):  # the second does not ask MLflow
        mirror = MlflowMirror(storage, uri)
        mirror.follow_search(small_search(storage))
        assert mirror.close() is None
        (parent,) = runs_of(uri, "search")
        assert mirror.page() == (
            f"http://127.0.0.1:5000/#/experiments/1/runs/{parent.info.run_id}"
            "?workflowType=machine_learning"
        )


def test_search_without_mlflow_waits_in_the_spool_and_sync_delivers_it_once(
    storage: Path, uri: str
) -> None:
    away = "http://127.0.0.1:9"
    mirror = MlflowMirror(storage, away)
    result = small_search(storage)
    mirror.follow_search(result)
    assert away in (mirror.close() or "")
    assert read_spooled(storage, away) == [result]
    assert sync(storage, "--tracking-uri", uri).exit_code == 0  # of this one nothing waits
    assert (
        "0 trials and 4 candidates delivered, 0 left"
        in sync(storage, "--all", "--tracking-uri", uri).output
    )
    again = sync(storage, "--all", "--tracking-uri", uri)
    assert "0 trials and 0 candidates delivered, 0 left" in again.output
    assert len(candidates_of(uri)) == 4


KILLED = """
import os, signal, sys
from pathlib import Path
from orchestrator.tracking.mirror import MlflowMirror
from tests.orchestrator.tracking.searches.factories import small_search

storage, uri = Path(sys.argv[1]), sys.argv[2]
mirror = MlflowMirror(storage, uri)
mirror.follow_search(small_search(storage))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_search_of_a_driver_killed_before_it_delivered_is_synced_once(
    storage: Path, uri: str
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(storage), uri]
    assert subprocess.run(command, check=False).returncode == -9
    assert len(read_searches(storage)) == 1
    note_named(uri)
    assert "4 candidates delivered, 0 left" in sync(storage).output
    assert "Nothing waits" in sync(storage).output
    (parent,) = runs_of(uri, "search")
    assert parent.info.status == "FINISHED"
    assert {run.info.status for run in candidates_of(uri).values()} == {
        *("FINISHED", "KILLED", "FAILED")
    }


@pytest.mark.parametrize(("age_s", "status"), [(60, "RUNNING"), (3600, "FINISHED")])
def test_candidate_that_a_driver_elsewhere_trained_is_left_to_it_while_it_lives(
    storage: Path, uri: str, age_s: float, status: str
) -> None:
    Delivery(storage, uri).follow([search_of(running(0))])
    (parent,) = runs_of(uri, "search")
    client, elsewhere = MlflowClient(tracking_uri=uri), "elsewhere-1/12/34"
    result = write(storage, search_of(candidate(0, 0.5)))
    tags = {"kind": "candidate", "candidate": "0", "driver": elsewhere}
    tags["key"] = candidate_key(result, result.candidates[0])
    client.create_run(parent.info.experiment_id, start_time=1000, tags=tags)
    heartbeat = f"{time.time() - age_s:.0f}"
    client.set_tag(parent.info.run_id, f"heartbeat/{elsewhere}", heartbeat)
    Delivery(storage, uri).catch_up([result])
    assert candidates_of(uri)[0].info.status == status


def test_trial_that_trains_for_a_study_and_a_search_is_shown_by_both(
    storage: Path, uri: str
) -> None:
    planned, (trial, *_) = make_plan(storage, num_seeds=1)
    assert trial == trial_of(0)
    delivery = Delivery(storage, uri)
    delivery.follow([planned, search_of(running(0), running(1))])
    delivery.start(trial)
    delivery.epoch_done(trial, make_epoch(0))
    for kind in ("trial", "candidate"):
        (run,) = runs_of(uri, kind)
        assert (run.info.status, steps_of(uri, run)) == ("RUNNING", [1])
    delivery.retry(trial, "its process was lost\nand a trace")
    assert {run.data.tags["retried"] for run in candidates_of(uri).values()} == {
        "its process was lost"
    }
    delivery.fail(trial, "no luck")
    assert {run.info.status for run in candidates_of(uri).values()} == {"FAILED"}
