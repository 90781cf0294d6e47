import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cli import EXIT_BAD_INPUT, cli
from tests.mlflow_server import free_port
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
        process.kill()
    assert not end(family)
    assert page == "experiments/1/runs?workflowType=machine_learning"
