import json
import time
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from corpora.manifest import Manifest
from orchestrator.known_corpus import know_corpus
from orchestrator.plan import Plan, make_plan
from orchestrator.run_trial import run_trial
from orchestrator.storage import tracking_uri_of
from orchestrator.tracking import EXPERIMENT, MlflowMirror
from reports.ledger import Ledger
from reports.record import Epoch
from search_spaces.study import RowRef
from tests.orchestrator.factories import small_study

DEAD_DRIVER = "{host}/999999999/1"


def plan_of(manifest: Manifest, storage: Path, **names: str) -> Plan:
    study = small_study().model_copy(update=names)
    return make_plan(study, know_corpus(manifest.name, storage), "tiny", None, Ledger(storage))


def train_all(plan: Plan, storage: Path) -> None:
    for trial in plan.missing:
        run_trial(trial, storage, trained_for=RowRef("small", "shallow"))


def mirror(plans: list[Plan], storage: Path) -> MlflowMirror:
    return MlflowMirror(plans, storage, tracking_uri_of(None, storage))


def runs_of(storage: Path, kind: str = "trial") -> list[Run]:
    client = MlflowClient(tracking_uri=tracking_uri_of(None, storage))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], f"tags.kind = '{kind}'"))


def test_each_finished_trial_has_one_finished_run_below_its_study(
    storage: Path, manifest: Manifest
) -> None:
    train_all(plan_of(manifest, storage), storage)
    plan = plan_of(manifest, storage)
    for _ in range(2):  # the second time there is nothing to add
        assert mirror([plan], storage).close() is None
    runs = runs_of(storage)
    (parent,) = runs_of(storage, "study")
    assert {run.data.tags["key"] for run in runs} == set(plan.by_key)
    assert len(runs) == 2
    assert {run.info.status for run in (*runs, parent)} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {parent.info.run_id}
    tags = next(run.data.tags for run in runs if run.data.tags["row"] == "deep")
    record = plan.finished[tags["key"]]
    assert (tags["study"], tags["corpus"], tags["seed"]) == ("small", "mine", "0")
    assert tags["code_version"] == record.circumstances.code_version


def test_run_holds_differing_params_epochs_as_steps_and_the_config(
    storage: Path, manifest: Manifest
) -> None:
    train_all(plan_of(manifest, storage), storage)
    plan = plan_of(manifest, storage)
    mirror([plan], storage).close()
    client = MlflowClient(tracking_uri=tracking_uri_of(None, storage))
    run = next(run for run in runs_of(storage) if run.data.tags["row"] == "deep")
    assert run.data.params == {"model.fusion.depth": "3", "seed": "0", "corpus": "mine"}
    result = plan.finished[run.data.tags["key"]].result
    history = client.get_metric_history(run.info.run_id, "valid_f1")
    assert [(m.step, m.value) for m in history] == [
        (epoch.epoch, epoch.valid["f1"]) for epoch in result.epochs
    ]
    assert "test_f1" in run.data.metrics
    names = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert names == {"config.json", "record.json", "predictions.parquet"}
    local = client.download_artifacts(run.info.run_id, "config.json")
    config = plan.by_key[run.data.tags["key"]].config
    assert json.loads(Path(local).read_text()) == config.model_dump(mode="json")


def test_shared_trial_has_one_run_that_names_both_rows(storage: Path, manifest: Manifest) -> None:
    train_all(plan_of(manifest, storage), storage)
    mirror([plan_of(manifest, storage)], storage).close()
    mirror([plan_of(manifest, storage, name="second")], storage).close()
    rows = {run.data.tags["rows"] for run in runs_of(storage)}
    assert rows == {"small/shallow, second/shallow", "small/deep, second/deep"}


def test_run_of_a_killed_driver_goes_on_without_doubled_epochs(
    storage: Path, manifest: Manifest
) -> None:
    plan = plan_of(manifest, storage)
    trial = plan.missing[0]
    first = mirror([plan], storage)
    first.started(trial)
    first.epoch_done(trial, Epoch(epoch=0, train_loss=1.0, valid_loss=1.0, valid={"f1": 0.5}))
    first.close()  # trial and parent are closed as killed: now pretend that the driver had died
    orphan_everything(storage)
    train_all(plan, storage)
    assert mirror([plan_of(manifest, storage)], storage).close() is None
    assert {run.info.status for run in (*runs_of(storage), *runs_of(storage, "study"))} == {
        "FINISHED"
    }
    client = MlflowClient(tracking_uri=tracking_uri_of(None, storage))
    run = next(run for run in runs_of(storage) if run.data.tags["key"] == trial.key)
    steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "train_loss")]
    assert steps == [0, 1]


def orphan_everything(storage: Path) -> None:
    """Leave every run as a driver that was killed leaves it: running, its process gone."""
    import platform

    client = MlflowClient(tracking_uri=tracking_uri_of(None, storage))
    for run in (*runs_of(storage), *runs_of(storage, "study")):
        client.update_run(run.info.run_id, status="RUNNING")
        client.set_tag(run.info.run_id, "driver", DEAD_DRIVER.format(host=platform.node()))


def test_orphans_of_other_studies_are_closed(storage: Path, manifest: Manifest) -> None:
    plan = plan_of(manifest, storage)
    first = mirror([plan], storage)
    first.started(plan.missing[0])
    first.close()
    orphan_everything(storage)
    other = small_study().model_copy(update={"name": "other", "rows": small_study().rows[1:]})
    empty = make_plan(other, know_corpus(manifest.name, storage), "tiny", None, Ledger(storage))
    mirror([empty], storage).close()
    assert {run.info.status for run in runs_of(storage)} == {"KILLED"}


def test_driver_killed_before_it_logged_the_config_loses_none(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_all(plan_of(manifest, storage), storage)
    plan = plan_of(manifest, storage)
    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.tracking._Runs._log_config", lambda *_: 1 / 0)
        assert "ZeroDivisionError" in (mirror([plan], storage).close() or "")
    assert mirror([plan], storage).close() is None
    runs = runs_of(storage)
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all("model.fusion.depth" in run.data.params for run in runs)


def test_passing_trouble_is_made_good_at_the_end(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(manifest, storage)
    watcher = mirror([plan], storage)
    watcher.started(plan.missing[0])
    watcher._calls.put(lambda runs: 1 / 0)  # as if the database had been locked for a moment
    for trial in plan.missing:
        watcher.finished(run_trial(trial, storage, trained_for=RowRef("small", "shallow")))
    assert watcher.close() is None
    assert [run.info.status for run in runs_of(storage)] == ["FINISHED"] * 2


@pytest.mark.parametrize("method", ["catch_up", "close"])
def test_trouble_that_stays_is_told_and_never_hangs(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(f"orchestrator.tracking._Runs.{method}", lambda _: 1 / 0)
    watcher = mirror([plan_of(manifest, storage)], storage)
    assert watcher.close() == "ZeroDivisionError: division by zero"


def test_failed_trial_is_marked_failed_with_its_reason(storage: Path, manifest: Manifest) -> None:
    plan = plan_of(manifest, storage)
    watcher = mirror([plan], storage)
    watcher.started(plan.missing[0])
    watcher.failed(plan.missing[0], "DivergedError: the loss is nan\n\ntrace")
    watcher.close()
    (run,) = runs_of(storage)
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"] == "DivergedError: the loss is nan"


@pytest.mark.slow
def test_server_that_is_away_costs_a_message_and_no_more(storage: Path, manifest: Manifest) -> None:
    start = time.monotonic()
    plan = plan_of(manifest, storage)
    watcher = MlflowMirror([plan], storage, "http://127.0.0.1:9")
    watcher.started(plan.missing[0])
    message = watcher.close()
    assert message is not None
    assert "127.0.0.1" in message
    assert time.monotonic() - start < 60
