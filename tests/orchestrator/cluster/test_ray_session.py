import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

import psutil
import pytest
import ray

from orchestrator.cluster.local_ray import alone_on_machine
from orchestrator.cluster.ray_session import ray_session
from orchestrator.errors import ClusterError, LostRayError
from tests.running import end
from tests.test_layers import ROOT

NOTICED_S = 20
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}

DRIVER = "from tests.orchestrator.cluster.test_ray_session import lose_gcs; lose_gcs()"


@dataclass
class Seen:
    """What a test sees of Ray's processes: names, process ids and listening addresses."""

    family: dict[int, str] = field(default_factory=dict)
    listening: dict[str, list[str]] = field(default_factory=dict)
    told: str = ""
    took_s: float = 0.0


def listening_on(family: list[psutil.Process]) -> dict[str, list[str]]:
    """Return the addresses that processes listen on, by the name of the process."""
    found: dict[str, list[str]] = {}
    for process in family:
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                found.setdefault(process.name(), []).append(connection.laddr.ip)
    return found


@pytest.mark.slow
def test_ray_of_this_machine_listens_to_it_alone_and_its_end_is_told(tmp_path: Path) -> None:
    """It works with a home that cannot be written, and with a long path for temporary files.

    The driver is a process of its own, for Ray may end a process that has lost its server.
    """
    long = tmp_path / ("a" * 80)
    long.mkdir()
    driver = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tests.orchestrator.cluster.test_ray_session import lose_gcs; lose_gcs()",
            str(tmp_path),
        ],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(long), "HOME": "/proc/none", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert "Ray's process 'gcs_server' has ended: stopping" in driver.stderr
    seen = Seen(**json.loads((tmp_path / "seen.json").read_text()))
    assert "'gcs_server' on this machine has ended" in seen.told, driver.stderr
    assert seen.took_s < NOTICED_S
    assert {"gcs_server", "raylet", "ray::DashboardAgent"} <= seen.listening.keys()
    assert {*chain.from_iterable(seen.listening.values())} <= LOOPBACK, seen.listening
    assert not [*long.iterdir()]
    family = []
    for pid, name in seen.family.items():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if process.name() == name:
                family.append(process)
    for agent in family:  # they end too, once they have given up to reach Ray's server
        if agent.name().endswith("Agent"):
            agent.kill()
    assert not end(family)


def lose_gcs() -> None:
    """Run a task on Ray, look at all sockets, kill Ray's server, and note what is told."""
    storage, seen, killed_at = Path(sys.argv[1]), Seen(), 0.0
    try:
        with ray_session(storage, num_cpus=1):
            pid = ray.get(ray.remote(lambda: os.getpid()).remote(), timeout=60)
            family = psutil.Process().children(recursive=True)
            seen.family = {process.pid: process.name() for process in family}
            assert pid in seen.family
            seen.listening = listening_on([psutil.Process(), *family])
            (gcs,) = (process for process in family if process.name() == "gcs_server")
            gcs.kill()
            killed_at = time.monotonic()
            signal.pause()
    except LostRayError as error:
        seen.told, seen.took_s = str(error), time.monotonic() - killed_at
    (storage / "seen.json").write_text(json.dumps(asdict(seen)))


@pytest.mark.slow
def test_session_leaves_its_folder_only_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setenv("RAY_TMPDIR", short)
        with ray_session(tmp_path, num_cpus=1):
            assert [*Path(short, "ray").glob("session_*")]
        assert not [*Path(short, "ray").glob("session_*")]
        with pytest.raises(ValueError, match="wrong"), ray_session(tmp_path, num_cpus=1):
            raise ValueError("wrong")
        assert len([*Path(short, "ray").glob("session_2*")]) == 1


def test_without_any_folder_for_sockets_the_user_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / ("a" * 80)))
    monkeypatch.setattr("orchestrator.cluster.local_ray.SHORT_FOLDERS", (str(tmp_path / "none"),))
    told = "set RAY_TMPDIR to a folder with a path of at most 37 characters"
    with pytest.raises(ClusterError, match=told), alone_on_machine():
        pass


def test_start_that_fails_is_told_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "file"))
    monkeypatch.setattr("orchestrator.cluster.local_ray.MAX_SOCKET_PATH", 1000)
    told = r"Ray did not start on this machine: .*Not a directory"
    with pytest.raises(ClusterError, match=told), ray_session(tmp_path):
        pass
