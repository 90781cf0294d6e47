import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from orchestrator.addresses.spool import read_spooled, spool, spooled_uris
from orchestrator.failures.failure import failure_of
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import LAST_CREATOR
from orchestrator.tracking.delivered import NOTES_FOLDER
from orchestrator.tracking.delivery import Delivery
from orchestrator.tracking.mirror import MlflowMirror
from reports.ledger.ledger import PREDICTIONS_FILE, Ledger
from reports.ledger.planned import Planned
from tests.orchestrator.tracking.factories import (
    NUM_EPOCHS,
    deliver,
    make_epoch,
    make_plan,
    record_trial,
    run_of,
    runs_of,
    steps_of,
)


def mirror_of(storage: Path, uri: str, *planned: Planned) -> MlflowMirror:
    mirror = MlflowMirror(storage, uri)
    mirror.follow(planned)
    return mirror


def test_trial_is_mirrored_while_it_trains(storage: Path, uri: str) -> None:
    planned, (trial, *_) = make_plan(storage)
    mirror = mirror_of(storage, uri, planned)
    mirror.started(trial)
    for number in range(NUM_EPOCHS):
        mirror.epoch_done(trial, make_epoch(number))
    mirror.finished(record_trial(storage, trial))
    assert mirror.close() is None
    run = run_of(uri, trial.key)
    assert run.info.status == "FINISHED"
    assert steps_of(uri, run) == list(range(1, NUM_EPOCHS + 1))
    (parent,) = runs_of(uri, "study")
    assert parent.info.status == "KILLED"  # three trials are missing
    assert not [name for name in parent.data.tags if name.startswith("heartbeat/")]


def test_study_is_finished_once_the_seeds_that_were_asked_for_are(storage: Path, uri: str) -> None:
    """More were planned by a sweep that was killed."""
    planned, trials = make_plan(storage, num_seeds=3)
    mirror_of(storage, uri, planned).close()
    (killed,) = runs_of(uri, "study")
    asked = [trial for trial in trials if trial.seed == 0]
    mirror = MlflowMirror(storage, uri)
    mirror.follow([planned], [(planned.study.name, trial.key) for trial in asked])
    for trial in asked:
        mirror.finished(record_trial(storage, trial))
    assert mirror.close() is None
    (parent,) = runs_of(uri, "study")
    assert (killed.info.status, parent.info.status) == ("KILLED", "FINISHED")
    assert (parent.data.tags["num_trials"], parent.data.tags["num_finished"]) == ("6", "2")
    deliver(storage, uri, planned)  # as `sync` does
    (parent,) = runs_of(uri, "study")
    assert parent.info.status == "FINISHED"


def test_failed_and_retried_trials_say_why(storage: Path, uri: str) -> None:
    planned, (trial, *_) = make_plan(storage)
    mirror = mirror_of(storage, uri, planned)
    mirror.started(trial)
    mirror.trouble(trial, "its process was lost")
    mirror.trouble(trial, "out of memory\ntrace")
    mirror.failed(trial, failure_of("training", "ValueError: no such file\n\ntrace"))
    assert mirror.close() is None
    run = run_of(uri, trial.key)
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"] == "ValueError: no such file"
    assert (run.data.tags["num_retries"], run.data.tags["retried"]) == ("2", "out of memory")
    again = mirror_of(storage, uri, planned)
    again.finished(record_trial(storage, trial))
    again.close()
    run = run_of(uri, trial.key)
    assert run.info.status == "FINISHED"
    assert "failure" not in run.data.tags


def test_without_a_study_mlflow_is_not_asked(storage: Path) -> None:
    assert MlflowMirror(storage, "http://127.0.0.1:9").close() is None


def test_mlflow_that_has_everything_is_not_asked_until_there_is_something_new(
    storage: Path, uri: str
) -> None:
    planned, trials = make_plan(storage, num_seeds=1)
    for trial in trials:
        record_trial(storage, trial)
    assert num_answers(storage, uri, planned) > 0
    assert num_answers(storage, uri, planned) == 0
    assert spooled_uris(storage) == []
    tables = tables_folder(storage, "depth", "synthetic", "tiny")
    tables.mkdir(parents=True)
    (tables / "depth.md").write_text("another table")
    assert num_answers(storage, uri, planned) > 0
    more, (*_, trial) = make_plan(storage, num_seeds=2)
    assert num_answers(storage, uri, more) > 0  # trials are missing
    assert num_answers(storage, uri, more) > 0  # and still are: they may begin
    for trial in make_plan(storage, num_seeds=2)[1]:
        record_trial(storage, trial)
    assert num_answers(storage, uri, more) > 0
    assert num_answers(storage, uri, more) == 0
    spool([more], storage, uri)
    assert num_answers(storage, uri, more) > 0
    client = MlflowClient(tracking_uri=uri)
    client.delete_run(runs_of(uri)[0].info.run_id)
    assert num_answers(storage, uri, more) > 0
    client.delete_experiment(runs_of(uri)[0].info.experiment_id)
    assert num_answers(storage, uri, more) > 0
    assert len(runs_of(uri)) == 4
    assert num_answers(storage, uri, more) == 0


def test_page_is_that_of_the_study_also_if_mlflow_is_not_asked(storage: Path, uri: str) -> None:
    planned, trials = make_plan(storage, num_seeds=1)
    for trial in trials:
        record_trial(storage, trial)
    folder = tables_folder(storage, "depth", "synthetic", "tiny")
    folder.mkdir(parents=True)
    (folder / "depth.html").write_text("a table")
    assert mirror_of(storage, uri).page() is None
    for _ in range(2):
        mirror = CountingMirror(storage, uri)
        mirror.follow([planned])
        mirror.close()
        (parent,) = runs_of(uri, "study")
        assert mirror.page() == (
            f"http://127.0.0.1:5000/#/experiments/1/runs/{parent.info.run_id}"
            "/artifacts/results.html?workflowType=machine_learning"
        )
    assert mirror.num_answers == 0
    other, _ = make_plan(storage, name="other", rows=("alone",), num_seeds=1)
    both = mirror_of(storage, uri, planned, other)
    assert both.close() is None
    assert both.page() == "http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning"


def test_mlflow_is_asked_again_after_an_older_version_noted_what_it_has(
    storage: Path, uri: str
) -> None:
    planned, trials = make_plan(storage, num_seeds=1)
    for trial in trials:
        record_trial(storage, trial)
    num_answers(storage, uri, planned)
    (note,) = (path for path in (storage / NOTES_FOLDER).rglob("*") if path.is_file())
    note.write_text("".join(note.read_text().splitlines(keepends=True)[:2]))
    assert num_answers(storage, uri, planned) > 0
    assert num_answers(storage, uri, planned) == 0


class CountingMirror(MlflowMirror):
    """Counts how often MLflow answered."""

    num_answers = 0

    def _note_answer(self) -> None:
        super()._note_answer()
        self.num_answers += 1


def num_answers(storage: Path, uri: str, planned: Planned) -> int:
    """Mirror a sweep that trains nothing; return how often MLflow was asked."""
    mirror = CountingMirror(storage, uri)
    mirror.follow([planned])
    assert mirror.close() is None
    return mirror.num_answers


def test_passing_trouble_is_made_good_at_the_end(storage: Path, uri: str) -> None:
    planned, trials = make_plan(storage)
    mirror = mirror_of(storage, uri, planned)
    mirror.started(trials[0])
    mirror._backlog.put(lambda delivery: 1 / 0)  # as if the database had been locked for a moment
    for trial in trials:
        mirror.finished(record_trial(storage, trial))
    assert mirror.close() is None
    assert [run.info.status for run in runs_of(uri)] == ["FINISHED"] * 4
    assert spooled_uris(storage) == []


@pytest.mark.parametrize("method", ["follow", "close"])
def test_trouble_that_stays_is_told_and_stays_in_the_spool(
    storage: Path, uri: str, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(Delivery, method, lambda *_: 1 / 0)
    planned, _ = make_plan(storage)
    assert mirror_of(storage, uri, planned).close() == "ZeroDivisionError: division by zero"
    assert read_spooled(storage, uri) == [planned]


def test_damaged_record_is_told_and_stays_in_the_spool(storage: Path, uri: str) -> None:
    planned, (trial, *_) = make_plan(storage)
    record = record_trial(storage, trial)
    (Ledger(storage).folder(trial.key) / PREDICTIONS_FILE).write_bytes(b"damaged")
    mirror = mirror_of(storage, uri, planned)
    mirror.finished(record)
    assert "not those that it recorded" in (mirror.close() or "")
    assert read_spooled(storage, uri) == [planned]


def test_next_sweep_delivers_what_an_earlier_one_could_not(storage: Path, uri: str) -> None:
    missed, trials = make_plan(storage)
    spool([missed], storage, uri)
    for trial in trials:
        record_trial(storage, trial)
    other, _ = make_plan(storage, name="other", rows=("alone",), num_seeds=1)
    assert mirror_of(storage, uri, other).close() is None
    assert {run.data.tags["key"] for run in runs_of(uri)} >= {trial.key for trial in trials}
    assert spooled_uris(storage) == []


def test_damaged_file_of_the_spool_is_named_among_the_others(storage: Path) -> None:
    """So `sync` says that nobody named such an address, and `sync --forget` removes the file."""
    planned, _ = make_plan(storage)
    for uri in ("http://one", "http://two"):
        spool([planned], storage, uri)
    one, two = (path for path in (storage / "mlflow-spool").glob("*/*/*"))
    two.write_bytes(b"http://\xff")
    assert sorted(spooled_uris(storage)) == sorted(
        [one.read_text(), "http://\N{REPLACEMENT CHARACTER}"]
    )


ORPHANS = """
import sys, time
from pathlib import Path
from orchestrator.tracking.mirror import MlflowMirror
from tests.orchestrator.tracking.factories import make_epoch, make_plan

storage, uri = Path(sys.argv[1]), sys.argv[2]
planned, trials = make_plan(storage)
mirror = MlflowMirror(storage, uri)
mirror.follow([planned])
for trial in trials[:2]:
    mirror.started(trial)
    mirror.epoch_done(trial, make_epoch(0))
mirror._backlog.put(lambda delivery: print("mirrored", flush=True), "last")
time.sleep(600)
"""


def test_runs_of_a_killed_driver_are_closed_or_completed(storage: Path, uri: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", ORPHANS, str(storage), uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout is not None
            assert driver.stdout.readline() == "mirrored\n"
        finally:
            driver.kill()
    assert [run.info.status for run in runs_of(uri)] == ["RUNNING"] * 2
    _, trials = make_plan(storage)
    record_trial(storage, trials[0])  # its worker outlived the driver
    other, _ = make_plan(storage, name="other", rows=("alone",), num_seeds=1)
    assert mirror_of(storage, uri, other).close() is None
    statuses = {run.data.tags["key"]: run.info.status for run in runs_of(uri)}
    assert statuses[trials[0].key] == "FINISHED"
    assert statuses[trials[1].key] == "KILLED"
    assert steps_of(uri, run_of(uri, trials[0].key)) == list(range(1, NUM_EPOCHS + 1))
    studies = {run.data.tags["study"]: run.info.status for run in runs_of(uri, "study")}
    assert studies["depth"] == "KILLED"


@pytest.mark.parametrize(("age_s", "status"), [(60, "RUNNING"), (3600, "KILLED")])
def test_run_of_another_machine_is_closed_once_its_heartbeat_is_old(
    storage: Path, uri: str, age_s: float, status: str
) -> None:
    planned, _ = make_plan(storage)
    mirror_of(storage, uri, planned).close()
    client = MlflowClient(tracking_uri=uri)
    (parent,) = runs_of(uri, "study")
    elsewhere = "elsewhere-1/12/34"
    tags = {"kind": "trial", "key": "another", "driver": elsewhere}
    client.create_run(parent.info.experiment_id, start_time=1000, tags=tags)
    client.set_tag(parent.info.run_id, f"heartbeat/{elsewhere}", f"{time.time() - age_s:.0f}")
    mirror_of(storage, uri, planned).close()
    assert [run.info.status for run in runs_of(uri)] == [status]


@pytest.mark.parametrize(("age_s", "status"), [(60, "RUNNING"), (3600, "FINISHED")])
def test_trial_that_a_driver_elsewhere_trained_is_left_to_it_while_it_lives(
    storage: Path, uri: str, age_s: float, status: str
) -> None:
    planned, (trial, *_) = make_plan(storage)
    delivery = Delivery(storage, uri)
    delivery.follow([planned])
    client = MlflowClient(tracking_uri=uri)  # the other one starts after ours has read all runs
    (parent,) = runs_of(uri, "study")
    elsewhere = "elsewhere-1/12/34"
    client.set_experiment_tag(parent.info.experiment_id, LAST_CREATOR, elsewhere)
    tags = {"kind": "trial", "key": trial.key, "driver": elsewhere}
    client.create_run(parent.info.experiment_id, start_time=1000, tags=tags)
    client.set_tag(parent.info.run_id, f"heartbeat/{elsewhere}", f"{time.time() - age_s:.0f}")
    delivery.finish(record_trial(storage, trial))
    (run,) = runs_of(uri)
    assert run.info.status == status


def test_two_drivers_of_a_study_share_its_run(storage: Path, uri: str) -> None:
    planned, _ = make_plan(storage)
    delivery = Delivery(storage, uri)
    delivery.follow([planned])
    client = MlflowClient(tracking_uri=uri)
    (parent,) = runs_of(uri, "study")
    client.set_tag(parent.info.run_id, "heartbeat/elsewhere-1/12/34", f"{time.time():.0f}")
    delivery.close()
    (parent,) = runs_of(uri, "study")
    assert parent.info.status == "RUNNING"  # the other goes on
    assert [name for name in parent.data.tags if name.startswith("heartbeat/")] == [
        "heartbeat/elsewhere-1/12/34"
    ]
