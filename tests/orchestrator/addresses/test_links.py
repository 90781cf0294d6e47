import shutil
from pathlib import Path

from orchestrator.addresses.address import sqlite_uri
from orchestrator.addresses.links import link_trials
from orchestrator.addresses.pages import RunPlace, run_page
from orchestrator.tracking.client import EXPERIMENT
from tests.orchestrator.tracking.factories import deliver, record_study, run_of


def test_trials_lead_to_their_runs_in_the_storage_folders_mlflow(
    tmp_path: Path, blank_database: Path
) -> None:
    planned, trials, _ = record_study(tmp_path, "shallow", "deep")
    shutil.copy(blank_database, tmp_path / "mlflow.db")
    uri = sqlite_uri(tmp_path / "mlflow.db")
    deliver(tmp_path, uri, planned)
    keys = [trial.key for trial in trials]
    found = link_trials([*keys, "unknown"], tmp_path, tmp_path / "report", EXPERIMENT)
    info = run_of(uri, keys[0]).info
    page = run_page(RunPlace(info.experiment_id, info.run_id))
    assert found.runs[keys[0]] == f"http://127.0.0.1:5000/{page}"
    assert list(found.runs) == keys


def test_records_are_found_from_the_report_wherever_the_storage_lies(tmp_path: Path) -> None:
    _, trials, _ = record_study(tmp_path, "shallow", "deep")
    folder = tmp_path / "reports" / "a # of mine"
    found = link_trials([trials[0].key], tmp_path, folder, EXPERIMENT)
    assert found.records == {trials[0].key: f"../../trials/{trials[0].key}/record.json"}
    folder.mkdir(parents=True)
    assert (folder / found.records[trials[0].key]).is_file()
    assert found.runs == {}


def test_report_elsewhere_has_no_links_to_records(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert link_trials(["key"], tmp_path / "storage", elsewhere, EXPERIMENT).records == {}
