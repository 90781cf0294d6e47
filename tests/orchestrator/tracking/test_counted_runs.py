"""What `benchmarks.faults` counts as wrong in an MLflow is counted."""

import shutil
from pathlib import Path

from mlflow.tracking import MlflowClient

from benchmarks.trouble.sweeps.aftermath import Runs, runs_in
from tests.orchestrator.tracking.factories import deliver, make_plan, record_trial, run_of


def test_missing_doubled_and_orphaned_runs_are_counted(tmp_path: Path, uri: str) -> None:
    planned, trials = make_plan(tmp_path)
    records = [record_trial(tmp_path, trial) for trial in trials]
    assert runs_in(uri, tmp_path).missing == len(records)
    deliver(tmp_path, uri, planned)
    assert runs_in(uri, tmp_path) == Runs(missing=0, doubled=0, orphaned=0)
    client, run = MlflowClient(tracking_uri=uri), run_of(uri, trials[0].key)
    tags = {name: run.data.tags[name] for name in ("kind", "key")}
    client.create_run(run.info.experiment_id, tags=tags)
    assert runs_in(uri, tmp_path) == Runs(missing=0, doubled=1, orphaned=1)
    shutil.rmtree(tmp_path / "trials" / trials[1].key)
    assert runs_in(uri, tmp_path) == Runs(missing=0, doubled=1, orphaned=2)
