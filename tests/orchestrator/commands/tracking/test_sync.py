import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mlflow.tracking import MlflowClient

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.addresses.named import note_named
from orchestrator.addresses.spool import spool, spooled_uris
from orchestrator.cli import cli
from orchestrator.errors import TrackingError
from reports.ledger.ledger import PREDICTIONS_FILE, Ledger
from tests.orchestrator.tracking.factories import make_plan, record_trial, runs_of

AWAY = "http://127.0.0.1:9"
PASSWORD = "geheim"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture
def storage(tmp_path: Path, blank_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "storage").mkdir()
    shutil.copy(blank_database, tmp_path / "storage" / "mlflow.db")
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


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a user who has named no MLflow."""
    monkeypatch.setenv("MMER_SWEEP_CONFIG", str(tmp_path / "config"))


class Listener:
    """A server that accepts connections and counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.uri = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def was_asked(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.mark.usefixtures("config")
def test_sync_asks_no_address_that_only_the_storage_names(
    storage: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    record_some(storage)
    planned = make_plan(storage)[0]
    spool([planned], storage, listener.uri)
    spool([planned], storage, tracking_uri_of(None, storage))
    done = run("sync", "--storage", storage)
    assert done.exit_code == 1
    assert (
        f"only this storage names it, not you; if you trust it, add `--tracking-uri {listener.uri}`"
        in done.output
    )
    assert "3 trials delivered, 0 left" in done.output  # to its own
    assert not listener.was_asked()
    run("sync", "--storage", storage, "--tracking-uri", listener.uri)
    assert listener.was_asked()


@pytest.mark.usefixtures("config")
def test_bad_addresses_get_a_line_each_and_stop_no_other(
    storage: Path, tmp_path: Path, blank_database: Path
) -> None:
    record_some(storage)
    planned = make_plan(storage)[0]
    (tmp_path / "damaged.db").write_bytes(b"damaged" * 1000)
    newer = shutil.copy(blank_database, tmp_path / "newer.db")
    with closing(sqlite3.connect(newer)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'fffffffffff'")
    remedies = {
        f"sqlite:///{tmp_path}/damaged.db": "file is not a database; move the file away",
        f"sqlite:///{newer}": "if a newer one, update MLflow here",
        "postgresql://host/db": "install the Python package that it names",
        AWAY: "see whether it runs",
    }
    for uri in (*remedies, tracking_uri_of(None, storage)):
        note_named(uri)
        spool([planned], storage, uri)
    done = run("sync", "--storage", storage)
    assert done.exit_code == 1
    assert "3 trials delivered, 0 left" in done.output
    for uri, remedy in remedies.items():
        lines = [line for line in done.output.splitlines() if f"MLflow at {uri}:" in line]
        assert len(lines) == 1, done.output
        (line,) = lines
        assert remedy in line
        assert f"`mmer-sweep sync --forget {uri}`" in line


def test_sync_forgets_an_address(storage: Path) -> None:
    record_some(storage)
    spool([make_plan(storage)[0]], storage, AWAY)
    refused = run("sync", "--storage", storage, "--forget", AWAY, "--all")
    assert "'--all' has no meaning with it" in refused.output
    assert run("sync", "--storage", storage, "--forget", AWAY).exit_code == 0
    assert spooled_uris(storage) == []
    with pytest.raises(TrackingError, match=f"nothing waits for MLflow at {AWAY}"):
        cli(["sync", "--forget", AWAY, "--storage", str(storage)], standalone_mode=False)


@pytest.mark.usefixtures("config")
def test_password_in_an_address_is_neither_printed_nor_stored(
    storage: Path, tmp_path: Path
) -> None:
    record_some(storage)
    uri = f"http://me:{PASSWORD}@127.0.0.1:9"
    first = run("sync", "--all", "--storage", storage, "--tracking-uri", uri)
    second = run("sync", "--storage", storage)
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "error: MLflow at http://***@127.0.0.1:9" in first.output
    assert "credentials are not stored; give the whole address" in second.output
    assert PASSWORD not in first.output + second.output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("mlflow-spool" in path.parts for path in files)
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_sync_goes_to_every_mlflow_that_missed_something(
    storage: Path, tmp_path: Path, blank_database: Path
) -> None:
    record_some(storage)
    for name in ("one", "two"):
        shutil.copy(blank_database, tmp_path / f"{name}.db")
    uris = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "two")]
    for uri in uris:
        note_named(uri)
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


def test_pull_from_an_mlflow_whose_experiment_was_deleted_is_an_error(
    storage: Path, tmp_path: Path
) -> None:
    record_some(storage)
    run("sync", "--all", "--storage", storage)
    uri = tracking_uri_of(None, storage)
    MlflowClient(tracking_uri=uri).delete_experiment(runs_of(uri)[0].info.experiment_id)
    with pytest.raises(TrackingError, match="was deleted; restore it first"):
        cli(["pull", "--tracking-uri", uri, "--storage", str(tmp_path)], standalone_mode=False)


def test_pull_from_a_moved_storage_reads_what_lies_beside_its_database(
    storage: Path, tmp_path: Path
) -> None:
    keys = record_some(storage)
    run("sync", "--all", "--storage", storage)
    uri = tracking_uri_of(None, storage.rename(tmp_path / "moved"))
    done = run("pull", "--tracking-uri", uri, "--storage", tmp_path / "back")
    assert done.exit_code == 0, done.output
    assert sorted(Ledger(tmp_path / "back").finished(keys)) == sorted(keys)


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
