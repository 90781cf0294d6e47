import shutil
from pathlib import Path

import pytest

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.addresses.named import is_named
from orchestrator.terminal import console
from orchestrator.tracking.mirror import mirrored_to_mlflow
from tests.orchestrator.tracking.factories import make_plan, record_trial, runs_of


def test_sweep_notes_which_mlflow_this_user_named(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_CONFIG", str(tmp_path / "config"))
    own = tracking_uri_of(None, storage)
    for uri in (own, "http://127.0.0.1:9"):
        with mirrored_to_mlflow(storage, uri, console):
            pass
    assert is_named("http://127.0.0.1:9")
    assert not is_named(own)


def test_sweep_ends_with_the_page_that_shows_it(
    storage: Path, blank_database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(blank_database, storage / "mlflow.db")
    own = tracking_uri_of(None, storage)
    planned, trials = make_plan(storage, num_seeds=1)
    for trial in trials:
        record_trial(storage, trial)
    with mirrored_to_mlflow(storage, own, console) as mirror:
        mirror.follow([planned])
    (parent,) = runs_of(own, "study")
    heading, address = capsys.readouterr().out.splitlines()[-2:]
    assert heading == "MLflow shows it, while `mmer-sweep ui` runs:"
    assert address.startswith(f"  http://127.0.0.1:5000/#/experiments/1/runs/{parent.info.run_id}")
