"""How tests run the real command, look at what it left, and end all that it started."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import torch
from mlflow.tracking import MlflowClient

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.storage.leases import LEASE_PREFIX
from orchestrator.tracking.client import EXPERIMENT
from reports.ledger.ledger import CHECKPOINT_FILE, RECORD_FILE, Ledger
from reports.ledger.record import Record, Result
from tests.corpora.media_factory import clip_lines, write_clip_folder

COMMAND = Path(sys.executable).with_name("mmer-sweep")
CLUSTER = """
import sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""

NUM_TRIALS = 4
LOOK_S = 0.1
"""Of the study that `tests.orchestrator.factories.write_study_file` writes."""


def call(*arguments: object, cwd: Path, limit_s: float = 300) -> str:
    """Run the command to its end and return what it printed."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=limit_s
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def started(*arguments: object, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command; it is gone afterwards with all that it started."""
    process = subprocess.Popen([COMMAND, *map(str, arguments)], cwd=cwd)
    try:
        yield process
    finally:
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait(60)
            end(family)


@contextmanager
def ray_cluster(python: Path, cwd: Path | None = None) -> Iterator[str]:
    """Start a Ray cluster of two nodes on this machine; gives its address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        command, pipe = [str(python), "-c", CLUSTER], subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=cwd)
        family: list[psutil.Process] = []
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            family = psutil.Process(process.pid).children(recursive=True)
            yield address
            process.communicate(timeout=60)
        finally:
            process.kill()
            end(family)


def end(family: list[psutil.Process]) -> list[psutil.Process]:
    """Give processes some seconds to end by themselves, kill the others and return them."""
    _, alive = psutil.wait_procs(family, timeout=20)
    for process in alive:
        process.kill()
    return alive


def is_trainer(process: psutil.Process) -> bool:
    """Whether a process is a Ray worker that trains."""
    return process.name().startswith("ray::") and "Func" in " ".join(process.cmdline())


def wait_for(condition: Callable[[], bool], limit_s: float = 400) -> None:
    """Wait for what a busy machine may take minutes to do.

    Two thirds of the time are left to it: some conditions are commands that keep a core busy.
    """
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        if condition():
            return
        assert time.monotonic() < began + limit_s, "it did not happen in time"
        time.sleep(max(LOOK_S, 2 * (time.monotonic() - asked)))


def records(storage: Path) -> dict[str, Record]:
    return {record.key: record for record in Ledger(storage).records()}


def results(storage: Path) -> dict[str, Result]:
    return {key: record.result for key, record in records(storage).items()}


def record_times(storage: Path) -> dict[str, int]:
    return {
        path.parent.name: path.stat().st_mtime_ns
        for path in Ledger(storage).trials.glob(f"*/{RECORD_FILE}")
    }


def checkpoints(storage: Path) -> list[Path]:
    return list(Ledger(storage).trials.glob(f"*/{CHECKPOINT_FILE}"))


def epochs_done(storage: Path) -> dict[str, int]:
    """Return how many epochs are safe in each checkpoint, by the key of its trial."""
    done = {}
    for file in checkpoints(storage):
        content = torch.load(file, map_location="cpu", weights_only=True)
        done[file.parent.name] = len(content["training"]["epochs"])
    return done


def resumed_from(storage: Path) -> dict[str, tuple[int, ...]]:
    """Return after how many epochs interrupted trials went on, by key."""
    found = records(storage).items()
    return {
        key: record.circumstances.resumed_from_epochs
        for key, record in found
        if record.circumstances.resumed_from_epochs
    }


def leases(storage: Path) -> dict[str, str]:
    """Return what the trials' leases say, by `<key>/lease-<n>`."""
    found = {}
    for file in Ledger(storage).trials.glob(f"*/{LEASE_PREFIX}*"):
        with suppress(FileNotFoundError):
            found[f"{file.parent.name}/{file.name}"] = file.read_text(encoding="utf-8")
    return found


def mlflow_statuses(storage: Path) -> list[str]:
    client = MlflowClient(tracking_uri=tracking_uri_of(None, storage))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'trial'")
    assert len({run.data.tags["key"] for run in runs}) == len(runs)
    return [run.info.status for run in runs]


def lay_workplace(folder: Path) -> Path:
    """Write the folder `clips`, beside someone else's `models` and `reports`."""
    for name in ("models", "reports"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise ImportError('not the program own')")
    write_clip_folder(folder / "clips", clip_lines(per_split=12))
    return folder


def make_workplace(folder: Path) -> Path:
    """Lay a workplace, and prepare its clips in the storage `base`: here, without Ray."""
    source = read_clips(lay_workplace(folder) / "clips")
    prepare(source, [LE], name="mine", storage=folder / "base")
    return folder


def sweep(study: Path, storage: Path, *options: object) -> tuple[object, ...]:
    """Return the arguments that run a study on the corpus of `make_workplace`."""
    return ("run", study, "--corpus", "mine", "--storage", storage, "--slots", 2, *options)
