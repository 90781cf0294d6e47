from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mlflow.tracking import MlflowClient

from orchestrator.cli import cli
from orchestrator.errors import TrackingError
from orchestrator.storage.folder import tracking_uri_of
from orchestrator.tracking.spool import spool, spooled_uris
from reports.ledger.ledger import PREDICTIONS_FILE, Ledger
from tests.orchestrator.tracking.factories import make_plan, record_trial, runs_of

AWAY = "http://127.0.0.1:9"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "storage"


def record_some(storage: Path) -> list[str]:
    """Plan a study of four trials and finish three."""
    _, trials = make_plan(storage)
    return [record_trial(storage, trial).key for trial in trials[1:]]


def test_sync_delivers_the_spool_and_then_has_nothing_to_do(storage: Path) -> None:
    keys = record_some(storage)
    uri = tracking_uri_of(None, storage)
    spool([make_plan(storage)[0]], storage, uri)
    first, second = run("sync", "--storage", storage), run("sync", "--storage", storage)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "3 trials delivered, 0 left" in first.output
    assert "Nothing waits" in second.output
    assert {one.data.tags["key"] for one in runs_of(uri)} == set(keys)
    assert spooled_uris(storage) == []


def test_sync_goes_to_every_mlflow_that_missed_something(storage: Path, tmp_path: Path) -> None:
    record_some(storage)
    uris = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "two")]
    for uri in uris:
        spool([make_plan(storage)[0]], storage, uri)
    printed = run("sync", "--storage", storage).output
    assert printed.count("3 trials delivered, 0 left") == 2
    assert [len(runs_of(uri)) for uri in uris] == [3, 3]


def test_sync_of_all_fills_a_new_mlflow(storage: Path, tmp_path: Path) -> None:
    record_some(storage)
    uri = f"sqlite:///{tmp_path / 'new.db'}"
    assert "Nothing waits" in run("sync", "--storage", storage, "--tracking-uri", uri).output
    done = run("sync", "--all", "--storage", storage, "--tracking-uri", uri)
    assert "3 trials delivered, 0 left" in done.output
    assert len(runs_of(uri)) == 3


def test_sync_tells_what_it_cannot_deliver_and_fails(storage: Path, tmp_path: Path) -> None:
    keys = record_some(storage)
    (Ledger(storage).folder(keys[0]) / PREDICTIONS_FILE).write_bytes(b"")
    done = run("sync", "--all", "--storage", storage)
    assert done.exit_code == 1
    assert "2 trials delivered, 1 left" in done.output
    assert f"predictions of trial '{keys[0]}' are not those that it recorded" in done.output
    assert spooled_uris(storage) == [tracking_uri_of(None, storage)]


def test_sync_with_a_server_that_is_away_fails_and_keeps_the_spool(storage: Path) -> None:
    record_some(storage)
    done = run("sync", "--all", "--storage", storage, "--tracking-uri", AWAY)
    assert done.exit_code == 1
    assert f"error: MLflow at {AWAY}" in done.output
    assert spooled_uris(storage) == [AWAY]


def test_pull_rebuilds_what_was_synced(storage: Path, tmp_path: Path) -> None:
    keys = record_some(storage)
    run("sync", "--all", "--storage", storage)
    uri = tracking_uri_of(None, storage)
    done = run("pull", "--tracking-uri", uri, "--storage", tmp_path / "back")
    assert done.exit_code == 0, done.output
    assert "3 trials of depth pulled; 0 were here already." in done.output
    assert sorted(Ledger(tmp_path / "back").finished(keys)) == sorted(keys)


def test_pull_from_a_server_that_is_away_is_an_error(storage: Path) -> None:
    with pytest.raises(TrackingError, match=f"MLflow at {AWAY}: .*failed"):
        cli(["pull", "--tracking-uri", AWAY, "--storage", str(storage)], standalone_mode=False)


def test_pull_without_our_experiment_is_an_error(storage: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'empty.db'}"
    MlflowClient(tracking_uri=uri).search_experiments()
    with pytest.raises(TrackingError, match="has no experiment 'mmer-sweep'"):
        cli(["pull", "--tracking-uri", uri, "--storage", str(storage)], standalone_mode=False)


def test_pull_of_a_damaged_run_fails(storage: Path, tmp_path: Path) -> None:
    record_some(storage)
    run("sync", "--all", "--storage", storage)
    (path, *_) = (storage / "mlflow-artifacts").rglob(PREDICTIONS_FILE)
    path.write_bytes(b"")
    uri = tracking_uri_of(None, storage)
    done = run("pull", "--tracking-uri", uri, "--storage", tmp_path / "back")
    assert done.exit_code == 1
    assert "2 trials of depth pulled" in done.output
    assert "its SHA-256 differs" in done.output
