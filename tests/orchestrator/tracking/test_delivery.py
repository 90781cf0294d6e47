import hashlib
import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path
from statistics import fmean

import pytest
from mlflow.tracking import MlflowClient
from mlflow.utils.file_utils import local_file_uri_to_path

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.storage.driver import host_of, this_driver
from orchestrator.storage.folder import tables_folder
from orchestrator.storage.publish import locate_place
from orchestrator.storage.trials import publish_trial
from orchestrator.tracking.content import MAX_TAG, names_row
from orchestrator.tracking.delivery import Delivery
from reports.ledger.ledger import MODEL_FILE, PREDICTIONS_FILE, RECORD_FILE, TOKENIZER_FILE, Ledger
from reports.ledger.planned import Planned
from reports.ledger.record import Record
from reports.ledger.record_file import record_bytes
from search_spaces.trial import Trial
from tests.bucket_server import BucketServer
from tests.orchestrator.tracking.factories import (
    NUM_EPOCHS,
    deliver,
    make_plan,
    record_trial,
    run_of,
    runs_of,
    steps_of,
)
from tests.reports.factories import make_circumstances, make_split, write_trial

DEAD_DRIVER = f"{host_of(this_driver())}:999999999:1"


def record_all(storage: Path) -> tuple[Planned, list[Trial]]:
    planned, trials = make_plan(storage)
    for trial in trials:
        record_trial(storage, trial)
    return planned, trials


def files_of(uri: str, run_id: str, folder: str | None = None) -> set[str]:
    items = MlflowClient(tracking_uri=uri).list_artifacts(run_id, folder)
    return {item.path for item in items if not item.is_dir}


def text_of(uri: str, run_id: str, name: str) -> str:
    return Path(MlflowClient(tracking_uri=uri).download_artifacts(run_id, name)).read_text()


def test_each_finished_trial_has_one_finished_run_below_its_study(storage: Path, uri: str) -> None:
    planned, trials = record_all(storage)
    assert deliver(storage, uri, planned).delivered == [trials[i].key for i in (0, 2, 1, 3)]
    assert deliver(storage, uri, planned).delivered == []
    (parent,) = runs_of(uri, "study")
    runs = runs_of(uri)
    assert {run.data.tags["key"] for run in runs} == {trial.key for trial in trials}
    assert len(runs) == len(trials)
    assert {run.info.status for run in (*runs, parent)} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {parent.info.run_id}
    assert {run.info.run_name for run in runs} == {
        f"s{seed} {row}" for row in ("shallow", "deep") for seed in (0, 1)
    }


def test_run_holds_params_epochs_costs_and_files(storage: Path, uri: str) -> None:
    planned, trials = record_all(storage)
    deliver(storage, uri, planned)
    run = run_of(uri, trials[-1].key)
    assert run.data.params == {"model.audio.depth": "2", "seed": "1", "corpus": "synthetic"}
    assert steps_of(uri, run) == list(range(1, NUM_EPOCHS + 1))
    assert run.data.metrics["system/wall_s"] == 2.5
    assert "test_f1" in run.data.metrics
    assert run.data.tags["code_version"] == "0.1.0+abc1234"
    names = {"config.json", "epochs.csv", RECORD_FILE, PREDICTIONS_FILE}
    assert files_of(uri, run.info.run_id) == names
    config = json.loads(text_of(uri, run.info.run_id, "config.json"))
    assert config == trials[-1].config.model_dump(mode="json")
    assert run.inputs is not None
    inputs = {
        (one.dataset.name, one.tags[0].value): one.dataset.digest
        for one in run.inputs.dataset_inputs
    }
    digest = trials[-1].corpus.fingerprint
    assert inputs == {(f"synthetic/{split}", split): digest for split in ("train", "valid", "test")}


def test_study_holds_its_plan_its_counts_and_its_tables(storage: Path, uri: str) -> None:
    planned, trials = make_plan(storage)
    record_trial(storage, trials[0])
    folder = tables_folder(storage, "depth", "synthetic", "tiny")
    folder.mkdir(parents=True)
    for name in ("depth.tex", "depth.md", "depth.html", "depth.pdf"):
        (folder / name).write_text(name)
    deliver(storage, uri, planned)
    (parent,) = runs_of(uri, "study")
    assert parent.info.status == "KILLED"
    assert (parent.data.tags["num_trials"], parent.data.tags["num_finished"]) == ("4", "1")
    assert files_of(uri, parent.info.run_id) == {"plan.json", "results.html"}
    forms = {f"tables/depth.{form}" for form in ("tex", "md", "html")}
    assert files_of(uri, parent.info.run_id, "tables") == forms
    assert Planned.model_validate_json(text_of(uri, parent.info.run_id, "plan.json")) == planned
    (folder / "depth.tex").write_text("of more trials")
    deliver(storage, uri, planned)
    assert text_of(uri, parent.info.run_id, "tables/depth.tex") == "of more trials"


def test_shared_trial_has_one_run_with_the_rows_and_params_of_both(storage: Path, uri: str) -> None:
    planned, _ = record_all(storage)
    deliver(storage, uri, planned)
    second, _ = make_plan(storage, name="second", rows=("shallow", "deep", "deeper"))
    both = second.model_copy(update={"keys": {**second.keys, "deeper": ()}})
    assert deliver(storage, uri, both).delivered == []
    assert {run.data.tags["rows"] for run in runs_of(uri)} == {
        "depth/shallow, second/shallow",
        "depth/deep, second/deep",
    }
    assert {run.info.status for run in runs_of(uri, "study")} == {"FINISHED"}


def test_study_is_named_and_described_and_has_scores_and_figures(storage: Path, uri: str) -> None:
    planned, trials = make_plan(storage)
    record_trial(storage, trials[0])
    folder = tables_folder(storage, "depth", "synthetic", "tiny")
    folder.mkdir(parents=True)
    (folder / "depth.md").write_text("caption\n\n| the table |\n")
    deliver(storage, uri, planned)
    (parent,) = runs_of(uri, "study")
    assert parent.info.run_name == "depth synthetic tiny"
    assert "| the table |" in parent.data.tags["mlflow.note.content"]
    assert set(parent.data.metrics) == {f"shallow/test_{metric}_mean" for metric in ("f1", "wacc")}
    figures = files_of(uri, parent.info.run_id, "figures")
    assert {"figures/depth-curves.png"} <= figures
    assert {Path(name).suffix for name in figures} == {".png"}
    test = run_of(uri, trials[0].key).data.metrics["test_f1"]
    assert parent.data.metrics["shallow/test_f1_mean"] == pytest.approx(test)


def test_scores_of_a_study_are_logged_once_and_again_when_they_change(
    storage: Path, uri: str
) -> None:
    planned, trials = make_plan(storage)
    for done in (trials[:1], trials):
        for trial in done:
            record_trial(storage, trial)
        for _ in range(2):
            deliver(storage, uri, planned)
    (parent,) = runs_of(uri, "study")
    assert len(steps_of(uri, parent, "shallow/test_f1_mean")) == 2
    assert len(steps_of(uri, parent, "shallow/test_f1_std")) == 1
    scores = [run_of(uri, trial.key).data.metrics["test_f1"] for trial in trials[:2]]
    assert parent.data.metrics["shallow/test_f1_mean"] == pytest.approx(fmean(scores))


def test_view_of_a_study_finds_all_its_trials_wherever_they_stand(storage: Path, uri: str) -> None:
    planned, trials = record_all(storage)
    second, _ = make_plan(storage, name="second", rows=("flat", "deep", "deeper"))
    deliver(storage, uri, planned)
    deliver(storage, uri, planned, second)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment(runs_of(uri)[0].info.experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    views = {
        name.removeprefix("mlflow.sharedViewState."): json.loads(text)
        for name, text in experiment.tags.items()
        if name.startswith("mlflow.sharedViewState.")
    }
    keys = [f"{name}/synthetic/tiny/0123456789ab" for name in ("depth", "second")]
    assert set(views) == {*keys, *(f"{key}/rows" for key in keys)}
    for view, rows in zip(keys, (("shallow", "deep"), ("flat", "deep")), strict=True):
        found = client.search_runs([experiment.experiment_id], views[view]["searchFilter"])
        assert {run.data.tags["key"] for run in found} == {trial.key for trial in trials}
        assert {run.data.tags[f"row/{view}"] for run in found} == set(rows)
    assert {"params.`model.audio.depth`", "metrics.`test_f1`"} <= set(
        views[keys[0]]["selectedColumns"]
    )
    described = {run.data.tags["study"]: run for run in runs_of(uri, "study")}
    text = described["second"].data.tags["mlflow.note.content"]
    page = f"#/experiments/1/runs/{described['depth'].info.run_id}"
    assert f"4 of them stand below [depth synthetic tiny]({page}" in text


def test_runs_of_an_older_mirror_are_renamed_and_none_is_made_twice(
    storage: Path, uri: str
) -> None:
    planned, trials = record_all(storage)
    deliver(storage, uri, planned)
    client = MlflowClient(tracking_uri=uri)
    before = [*runs_of(uri), *runs_of(uri, "study")]
    for run in before:  # as an older mirror left them
        tags = run.data.tags
        is_trial = tags["kind"] == "trial"
        name = f"{tags['row']} seed {tags['seed']}" if is_trial else tags["study"]
        client.update_run(run.info.run_id, name=name)
        for tag in tags:
            if tag.startswith("row/") or tag in ("mlflow.note.content", "scores_sha256"):
                client.delete_tag(run.info.run_id, tag)
    mine = run_of(uri, trials[0].key)
    client.update_run(mine.info.run_id, name="my favourite")
    assert deliver(storage, uri, planned).delivered == []
    after = {run.info.run_id: run for run in (*runs_of(uri), *runs_of(uri, "study"))}
    assert set(after) == {run.info.run_id for run in before}
    renamed = {run.info.run_id: run.info.run_name for run in before}
    assert {key: run.info.run_name for key, run in after.items()} == {
        **renamed,
        mine.info.run_id: "my favourite",
    }
    assert all(steps_of(uri, run_of(uri, t.key), "test_f1") == [0] for t in trials)
    answers: list[None] = []
    delivery = Delivery(storage, uri, on_answer=lambda: answers.append(None))
    delivery.catch_up([planned])
    delivery.close()
    assert len(answers) == 3


def test_study_whose_scores_cannot_be_read_is_told(storage: Path, uri: str) -> None:
    planned, trials = record_all(storage)
    deliver(storage, uri, planned)
    more, _ = make_plan(storage, rows=("shallow", "deep", "deeper"))
    (Ledger(storage).folder(trials[0].key) / RECORD_FILE).write_bytes(b"damaged")
    delivery = deliver(storage, uri, more)
    (fault,) = delivery.faults.values()
    assert f"{trials[0].key}/record.json' is damaged" in fault
    assert delivery.left() == []


def test_what_is_complete_costs_no_request_of_its_own(storage: Path, uri: str) -> None:
    planned, _ = record_all(storage)
    deliver(storage, uri, planned)
    answers: list[None] = []
    delivery = Delivery(storage, uri, on_answer=lambda: answers.append(None))
    delivery.catch_up([planned])
    delivery.close()
    assert len(answers) == 3  # the client, the experiment, all runs


def test_copy_of_a_storage_is_whole_and_leaves_the_original_alone(
    storage: Path, blank_database: Path, tmp_path: Path
) -> None:
    planned, trials = make_plan(storage)
    shutil.copy(blank_database, storage / "mlflow.db")
    record_trial(storage, trials[0])
    deliver(storage, tracking_uri_of(None, storage), planned)
    copy = shutil.copytree(storage, tmp_path / "a c?py")
    before = contents_of(storage)
    for trial in trials[1:]:
        record_trial(copy, trial)
    uri = tracking_uri_of(None, copy)
    assert len(deliver(copy, uri, planned).delivered) == 3
    assert contents_of(storage) == before
    shutil.rmtree(storage)
    for run in runs_of(uri):  # as MLflow's page reads it
        assert "record.json" in files_of(uri, run.info.run_id)
        assert Path(local_file_uri_to_path(run.info.artifact_uri)).is_relative_to(copy)
    assert {path.name for path in tmp_path.iterdir()} == {"a c?py"}


def contents_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_experiment_that_was_deleted_is_restored_and_said(storage: Path, uri: str) -> None:
    planned, trials = record_all(storage)
    assert deliver(storage, uri, planned).remark is None
    client = MlflowClient(tracking_uri=uri)
    client.delete_experiment(runs_of(uri)[0].info.experiment_id)
    delivery = deliver(storage, uri, planned)
    assert "had been deleted; it was restored with its runs" in (delivery.remark or "")
    assert delivery.delivered == []
    assert len(runs_of(uri)) == len(trials)


def test_trial_of_very_many_rows_is_delivered_once_and_names_them_all(
    storage: Path, uri: str
) -> None:
    planned, trials = make_plan(storage, rows=("shallow",), num_seeds=1)
    keys = planned.keys["shallow"]
    rows = {f"row {number}, of many {'x' * 90}": keys for number in range(120)}
    many = planned.model_copy(update={"keys": {"shallow": keys, **rows}})
    record_trial(storage, trials[0])
    assert len(deliver(storage, uri, many).delivered) == 1
    answers: list[None] = []
    delivery = Delivery(storage, uri, on_answer=lambda: answers.append(None))
    delivery.catch_up([many])
    assert (delivery.delivered, len(answers)) == ([], 3)
    tags = run_of(uri, trials[0].key).data.tags
    assert all(names_row(tags, f"depth/{row}") for row in rows)
    assert max(map(len, tags.values())) <= MAX_TAG


def test_diverged_trial_is_finished_and_says_when(storage: Path, uri: str) -> None:
    planned, trials = make_plan(storage)
    record = record_trial(storage, trials[0])
    diverged = {"epochs": (), "best_epoch": -1, "diverged_at_epoch": 0}
    result = record.result.model_copy(update=diverged)
    rewrite(storage, record.model_copy(update={"result": result}))
    deliver(storage, uri, planned)
    (run,) = runs_of(uri)
    assert run.info.status == "FINISHED"
    assert run.data.tags["diverged_at_epoch"] == "1"
    assert not any(name.startswith(("test_", "valid_")) for name in run.data.metrics)


def rewrite(storage: Path, record: Record) -> None:
    path = Ledger(storage).folder(record.key) / RECORD_FILE
    path.write_bytes(record_bytes(record))


@pytest.mark.parametrize(("max_model_mib", "kept"), [(2.0, True), (0.5, False)])
def test_model_is_kept_if_it_is_not_too_large(
    storage: Path, uri: str, max_model_mib: float, kept: bool
) -> None:
    planned, trials = make_plan(storage)
    record = record_trial(storage, trials[0])
    with_model = record.circumstances.model_copy(update={"model_sha256": "of the model"})
    rewrite(storage, record.model_copy(update={"circumstances": with_model}))
    folder = Ledger(storage).folder(trials[0].key)
    (folder / MODEL_FILE).write_bytes(bytes(2**20))
    (folder / TOKENIZER_FILE).write_text("{}")
    deliver(storage, uri, planned, max_model_mib=max_model_mib)
    (run,) = runs_of(uri)
    names = {f"model/{name}" for name in (MODEL_FILE, TOKENIZER_FILE)} if kept else set()
    assert files_of(uri, run.info.run_id, "model") == names


def test_model_that_only_the_bucket_has_is_fetched_and_kept(
    uri: str,
    bucket: str,
    server: BucketServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "cache"))
    storage = locate_place(bucket)
    planned, trials = make_plan(storage)
    kept = make_circumstances(model_sha256=hashlib.sha256(b"weights").hexdigest())
    record = write_trial(Ledger(storage), trials[0], make_split(0, 1), circumstances=kept)
    model = Ledger(storage).folder(record.key) / MODEL_FILE
    model.write_bytes(b"weights")
    publish_trial(storage, record)
    assert not model.exists()
    with server.away():
        faults = deliver(storage, uri, planned, max_model_mib=1.0).faults
    assert f"model of trial '{record.key}' cannot be fetched" in faults[record.key]
    assert deliver(storage, uri, planned, max_model_mib=1.0).delivered == [record.key]
    assert text_of(uri, run_of(uri, record.key).info.run_id, f"model/{MODEL_FILE}") == "weights"


def test_damaged_predictions_are_told_and_the_others_delivered(storage: Path, uri: str) -> None:
    planned, trials = record_all(storage)
    (Ledger(storage).folder(trials[0].key) / PREDICTIONS_FILE).write_bytes(b"damaged")
    delivery = deliver(storage, uri, planned)
    assert "not those that it recorded" in delivery.faults[trials[0].key]
    assert len(delivery.delivered) == 3
    assert delivery.left() == [trials[0].key]


def test_run_of_a_trial_that_began_elsewhere_is_looked_for(storage: Path, uri: str) -> None:
    planned, trials = make_plan(storage)
    delivery = Delivery(storage, uri)
    delivery.follow([planned])
    key = trials[0].key
    parent = runs_of(uri, "study")[0]
    tags = {"kind": "trial", "key": key, "driver": DEAD_DRIVER}
    client = MlflowClient(tracking_uri=uri)
    client.create_run(parent.info.experiment_id, tags=tags)  # by one that did not see us come
    record_trial(storage, trials[0])
    assert delivery.deliver(key)
    assert run_of(uri, key).info.status == "FINISHED"


def test_double_of_a_run_is_deleted_and_its_children_change_parents(
    storage: Path, uri: str
) -> None:
    planned, trials = record_all(storage)
    deliver(storage, uri, planned)
    client = MlflowClient(tracking_uri=uri)
    for kind in ("trial", "study"):  # as if created at the same moment, from another storage
        run = runs_of(uri, kind)[0]
        double = client.create_run(run.info.experiment_id, tags=run.data.tags)
        client.set_tag(double.info.run_id, "driver", DEAD_DRIVER)
    child = runs_of(uri)[-1]
    client.set_tag(child.info.run_id, "mlflow.parentRunId", double.info.run_id)
    deliver(storage, uri, planned)
    (parent,) = runs_of(uri, "study")
    assert len(runs_of(uri)) == len(trials)
    assert {run.info.status for run in (parent, *runs_of(uri))} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs_of(uri)} == {parent.info.run_id}


def test_delivery_killed_anywhere_delivers_each_trial_once_in_the_end(
    storage: Path, uri: str
) -> None:
    """SIGKILL it after its 3rd answer, the next one after its 5th, until one gets to the end."""
    planned, trials = record_all(storage)
    num_killed = 0
    for num_answers in range(3, 60, 2):
        if deliver_or_die(storage, uri, planned, num_answers) == 0:
            break
        num_killed += 1
    assert num_killed >= 5
    runs, (parent,) = runs_of(uri), runs_of(uri, "study")
    assert {run.data.tags["key"] for run in runs} == {trial.key for trial in trials}
    assert len(runs) == len(trials)
    assert {run.info.status for run in (*runs, parent)} == {"FINISHED"}
    assert steps_of(uri, parent, "shallow/test_f1_mean") == [0]
    for run in runs:
        assert steps_of(uri, run) == list(range(1, NUM_EPOCHS + 1))
        assert steps_of(uri, run, "test_f1") == [0]
        assert run.inputs is not None
        assert len(run.inputs.dataset_inputs) == 3


def deliver_or_die(storage: Path, uri: str, planned: Planned, num_answers: int) -> int | None:
    """Deliver in a process that kills itself after so many answers; return how it ended."""
    process = multiprocessing.get_context("fork").Process(
        target=_deliver_or_die, args=(storage, uri, planned, num_answers)
    )
    process.start()
    process.join(60)
    return process.exitcode


def _deliver_or_die(storage: Path, uri: str, planned: Planned, num_answers: int) -> None:
    answers = iter(range(num_answers - 1))

    def count() -> None:
        if next(answers, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    delivery = Delivery(storage, uri, on_answer=count)
    delivery.catch_up([planned])
    delivery.close()
