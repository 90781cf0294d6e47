import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cli import EXIT_BAD_INPUT, cli
from orchestrator.errors import MissingPackageError
from orchestrator.search.journal.open import open_journal
from search_spaces.errors import StudyError
from tests.mlflow_server import free_port
from tests.orchestrator.search.factories import open_log
from tests.orchestrator.tracking.factories import deliver, make_plan
from tests.running import end

START = "from mmer_sweep import main; main()"


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_busy_port_is_told_at_once_with_a_free_one(busy_port: int, tmp_path: Path) -> None:
    place = ("--storage", str(tmp_path / "storage"))
    refused = CliRunner().invoke(cli, ["ui", "--port", str(busy_port), *place])
    assert refused.exit_code == EXIT_BAD_INPUT
    assert f"another program listens on port {busy_port} of this machine" in refused.output
    offered = int(refused.output.rstrip().rpartition("try --port ")[2])
    with socket.create_server(("127.0.0.1", offered)):
        assert offered != busy_port
    assert not (tmp_path / "storage").exists()


def test_search_needs_a_package_that_is_no_part_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_log(open_journal("small", tmp_path))
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    asked = ["ui", "--search", "small", "--port", str(free_port()), "--storage", str(tmp_path)]
    with pytest.raises(MissingPackageError, match=r"run `pip install 'mmer-sweep\[dashboard\]'`"):
        CliRunner().invoke(cli, asked, catch_exceptions=False)


def test_search_that_does_not_exist_is_told(tmp_path: Path) -> None:
    asked = ["ui", "--search", "any", "--port", str(free_port()), "--storage", str(tmp_path)]
    with pytest.raises(StudyError, match="there is no search 'any'"):
        CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert not (tmp_path / "searches").exists()


def test_search_can_be_looked_at_and_not_changed(tmp_path: Path) -> None:
    pytest.importorskip("optuna_dashboard", reason="pip install 'mmer-sweep[dashboard]'")
    log = open_log(open_journal("small", tmp_path))
    log.ask(1)
    log.finish(0, {"f1": 0.5})
    port = free_port()
    command = [sys.executable, "-u", "-c", START, "ui", "--search", "small", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--storage", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert f"search small on http://127.0.0.1:{port}/dashboard" in line
        api = f"http://127.0.0.1:{port}/api/studies"
        with urllib.request.urlopen(f"{api}/0?after=0", timeout=60) as answer:
            (trial,) = json.loads(answer.read())["trials"]
        delete = urllib.request.Request(f"{api}/0", method="DELETE")
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(delete, timeout=60)
        process.send_signal(signal.SIGINT)
        assert "The page is closed" in process.communicate(timeout=60)[0]
    assert (process.returncode, trial["values"]) == (0, [0.5])
    assert open_log(open_journal("small", tmp_path)).is_complete(1)


@pytest.mark.slow
def test_page_answers_once_its_address_is_printed_and_ends_with_the_command(
    tmp_path: Path,
) -> None:
    storage = tmp_path / "mmer-sweep-storage"
    planned, _ = make_plan(storage)
    deliver(storage, tracking_uri_of(None, storage), planned)
    command = [sys.executable, "-u", "-c", START, "ui", "--port", str(free_port())]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("MLflow of"))
        url, _, page = line.partition(" on ")[2].partition(" ")[0].partition("/#/")
        with urllib.request.urlopen(f"{url}/health", timeout=20) as answer:
            assert answer.status == 200
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 1
        assert {one.environ().get("MLFLOW_DISABLE_TELEMETRY") for one in family} == {"true"}
        process.kill()
    assert not end(family)
    assert page == "experiments/1/runs?workflowType=machine_learning"
