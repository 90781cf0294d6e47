import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import ray

from orchestrator.cluster.local_ray import alone_on_machine
from orchestrator.cluster.ray_session import ray_session
from orchestrator.errors import ClusterError, LostRayError
from tests.running import end

NOTICED_S = 20
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@dataclass
class Seen:
    """What a test sees of Ray's processes."""

    family: list[psutil.Process] = field(default_factory=list)
    agents: list[psutil.Process] = field(default_factory=list)
    listening: dict[str, set[str]] = field(default_factory=dict)
    killed_at: float = 0.0


def listening_on(family: list[psutil.Process]) -> dict[str, set[str]]:
    """Return the addresses that processes listen on, by the name of the process."""
    found: dict[str, set[str]] = {}
    for process in family:
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                found.setdefault(process.name(), set()).add(connection.laddr.ip)
    return found


@pytest.mark.slow
def test_ray_of_this_machine_listens_to_it_alone_and_its_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It works with a home that cannot be written, and with a long path for temporary files."""
    long = tmp_path / ("a" * 80)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.setenv("HOME", "/proc/none")
    with pytest.raises(LostRayError, match="'gcs_server' on this machine has ended"):
        lose_gcs(tmp_path, seen := Seen())
    assert time.monotonic() - seen.killed_at < NOTICED_S
    assert "Ray's process 'gcs_server' has ended: stopping" in capsys.readouterr().err
    assert {"gcs_server", "raylet", "ray::DashboardAgent"} <= seen.listening.keys()
    assert set().union(*seen.listening.values()) <= LOOPBACK, seen.listening
    assert not [*long.iterdir()]
    for agent in seen.agents:  # they end too, once they have given up to reach Ray's server
        with suppress(psutil.NoSuchProcess):
            agent.kill()
    assert not end(seen.family)


def lose_gcs(storage: Path, seen: "Seen") -> None:
    """Run a task on Ray, look at all sockets, kill Ray's server, and wait for ever."""
    with ray_session(storage, num_cpus=1):
        pid = ray.get(ray.remote(lambda: os.getpid()).remote(), timeout=60)
        seen.family = psutil.Process().children(recursive=True)
        assert pid in [process.pid for process in seen.family]
        seen.agents = [one for one in seen.family if one.name().endswith("Agent")]
        seen.listening = listening_on([psutil.Process(), *seen.family])
        (gcs,) = (process for process in seen.family if process.name() == "gcs_server")
        gcs.kill()
        seen.killed_at = time.monotonic()
        signal.pause()


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
