"""`clusters/on-prem.yaml` as it is shipped, on three hosts, one of which loses its power."""

import re
import shutil
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml

from reports.ledger.ledger import CHECKPOINT_FILE, Ledger
from tests.cluster.hosts import ROOT, Host, Hosts, running_hosts
from tests.cluster.laptop import LINK_ENVIRONMENT, Laptop
from tests.running import NUM_TRIALS, record_times, records, results, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, alone: Path) -> Iterator[Hosts]:
    """Make three hosts that share a storage folder with a prepared corpus and nothing trained."""
    shared = tmp_path_factory.mktemp("nfs")
    shutil.copytree(alone / "storage" / "corpora", shared / "storage" / "corpora")
    shutil.copy(alone / "small.py", shared)
    with running_hosts(tmp_path_factory.mktemp("lab"), 3, shared=shared) as made:
        yield made


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, hosts: Hosts) -> Laptop:
    """Bring the cluster up."""
    laptop = Laptop(tmp_path_factory.mktemp("laptop"))
    text = (ROOT / "clusters" / "on-prem.yaml").read_text(encoding="utf-8")
    shipped = yaml.safe_load(text.replace("/nfs/mmer-sweep", str(hosts.shared / "storage")))
    setup = shipped["setup_commands"]
    assert setup[0].startswith("make --quiet")
    addresses = [host.address for host in hosts]
    # Three hosts share this machine's cores; a lost one is told after 26 s instead of 65 s.
    start = "RAY_health_check_failure_threshold=2 ray start --num-cpus=1 "
    laptop.write_cluster_file(
        shipped
        | {
            "provider": {"type": "local", "head_ip": addresses[0], "worker_ips": addresses[1:]},
            "auth": {"ssh_user": "root", "ssh_private_key": str(hosts.key)},
            "setup_commands": [LINK_ENVIRONMENT, *setup[1:]],
            **{
                name: [line.replace("ray start ", start) for line in shipped[name]]
                for name in ("head_start_ray_commands", "worker_start_ray_commands")
            },
        }
    )
    (ROOT / ".pytest_cache").mkdir(exist_ok=True)  # as an earlier run of the tests leaves it
    laptop.up()
    wait_for(lambda: "/3.0 CPU" in laptop.run("ray status"), limit_s=120)
    return laptop


def test_machines_get_the_project_and_nothing_that_was_built_or_trained(
    laptop: Laptop, hosts: Hosts
) -> None:
    for host in hosts:
        there = host.run("ls -A ~/mmer-sweep").split()
        assert {"Makefile", "requirements.lock", "orchestrator", ".git"} <= set(there)
        assert (ROOT / ".pytest_cache").is_dir()
        assert ".pytest_cache" not in there
        assert host.run("cat ~/mmer-sweep/requirements.lock") == (
            ROOT / "requirements.lock"
        ).read_text(encoding="utf-8")


def test_only_the_head_reaches_dashboard_and_mlflow(laptop: Laptop, hosts: Hosts) -> None:
    ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)"
    for url in ("http://127.0.0.1:5000/health", "http://127.0.0.1:8265/"):
        command = f"python -c '{ask}' {url} || true"
        wait_for(partial(prints_200, laptop, command), 60)
    for port in (5000, 8265):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((hosts[0].address, port), 5)


def test_stranger_without_the_token_is_refused(laptop: Laptop, hosts: Hosts) -> None:
    asked = f"RAY_AUTH_MODE=disabled ray status --address {hosts[0].address}:6379 2>&1 || true"
    assert "AuthenticationError" in laptop.run(asked)


def test_sweep_outlives_the_loss_of_a_machine(
    laptop: Laptop, hosts: Hosts, alone: Path, tmp_path: Path
) -> None:
    """Finished trials lost: 0; repeated: 0; of the trial that was hit at most one epoch."""
    storage, log = hosts.shared / "storage", tmp_path / "log"
    command = f"mmer-sweep run {hosts.shared}/small.py --corpus mine --address auto"
    with laptop.running(command, log) as sweep:
        begun: set[str] = set()

        def has_begun() -> bool:
            begun.update(begun_on(hosts[2], storage))
            return bool(begun) or sweep.poll() is not None

        wait_for(has_begun)
        hosts[2].kill()  # at once: a trial takes seconds
        assert sweep.poll() is None, log.read_text()
        finished = record_times(storage)
        (hit,) = begun
        done = torch.load(checkpoint_of(hit, storage), weights_only=True)["training"]["epochs"]
        assert sweep.wait(400) == 0, log.read_text()
    assert results(storage) == results(alone / "storage")
    assert record_times(storage).items() >= finished.items()
    resumed = {
        key: record.circumstances.resumed_from_epochs
        for key, record in records(storage).items()
        if record.circumstances.resumed_from_epochs
    }
    assert resumed == {hit: (len(done),)}


def test_job_of_the_same_command_trains_nothing(laptop: Laptop, hosts: Hosts) -> None:
    command = f"mmer-sweep run {hosts.shared}/small.py --corpus mine --address auto"
    printed = laptop.run(f"ray job submit -- {command}")
    assert f"{NUM_TRIALS} finished, 0 to train" in printed


def test_mlflow_comes_back_until_it_is_stopped(laptop: Laptop, hosts: Hosts) -> None:
    serving = "pgrep --full '[m]lflow server' || true"
    first = hosts[0].run(serving).strip()
    assert first
    hosts[0].run("pkill -KILL --full '[m]lflow.server'")
    wait_for(lambda: hosts[0].run(serving).strip() not in ("", first), limit_s=60)
    hosts[0].run("~/mmer-sweep/clusters/mlflow.sh stop")
    wait_for(lambda: not hosts[0].run(serving), limit_s=30)


def test_down_leaves_no_process_of_ray(laptop: Laptop, hosts: Hosts) -> None:
    laptop.down()
    for host in hosts[:2]:
        wait_for(partial(prints_nothing, host, "pgrep raylet || true"), limit_s=60)
        assert not host.run("pgrep gcs_server || true")


def prints_200(laptop: Laptop, command: str) -> bool:
    return "200" in laptop.run(command)


def prints_nothing(host: Host, command: str) -> bool:
    return not host.run(command)


def begun_on(host: Host, storage: Path) -> set[str]:
    """Name the trials that have an epoch behind them and whose lock a process of a host holds."""
    opened = host.run("ls -l /proc/[0-9]*/fd 2> /dev/null | grep trials/ || true")
    keys = set(re.findall(r"/trials/(\w+)/", opened))
    return {key for key in keys if checkpoint_of(key, storage).is_file()}


def checkpoint_of(key: str, storage: Path) -> Path:
    return Ledger(storage).folder(key) / CHECKPOINT_FILE
