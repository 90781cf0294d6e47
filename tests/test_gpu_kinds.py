"""A cluster with GPUs of two kinds: real Ray, pretended GPUs, trials that nobody trains."""

import io
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import ray
from ray import tune
from ray.cluster_utils import Cluster
from rich.console import Console

from benchmarks.noop_trial import write_noop
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import ACCELERATOR, Machines, gpu_kind_of
from orchestrator.cluster.session import training_session
from orchestrator.failures.failure import TrialFailure
from orchestrator.forecast.before_sweep import plan_sweep
from orchestrator.storage.trials import fetch_record
from orchestrator.sweep.messages import order_in
from orchestrator.sweep.queue import TrialQueue
from orchestrator.sweep.tune import train
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import Ledger
from reports.ledger.probe import remember_device, remember_probe
from search_spaces.trial import Trial
from tests.orchestrator.probe_factory import depth_of, make_assignment, make_probe

pytestmark = pytest.mark.slow

GIB = 1024.0
MEMORY_MIB = {"A100": 40 * GIB, "T4": 16 * GIB}
NUM_GPUS = {"A100": 2, "T4": 1}
SECONDS = {"A100": 10.0, "T4": 12.0}
"""What a trial of any architecture is said to take."""

NEED_MIB = {1: 12 * GIB, 3: 20 * GIB}
"""What trials are said to take of a GPU, by the depth of their fusion, 500 MiB outside PyTorch."""

SHARES = {
    (1, "A100"): (2, 20 * GIB - 500),
    (1, "T4"): (1, 16 * GIB - 500),
    (3, "A100"): (1, 40 * GIB - 500),
}
"""How many are at once on a GPU, and what PyTorch may take there."""

AT_ONCE_FILE = "at_once"
"""Holds how many trials wait for each other: they last until so many have begun."""

MAX_WAIT_S, LOOK_S = 60.0, 0.05
NO_MEMORY_MONITOR = {"memory_monitor_refresh_ms": 0}
"""These trials need hardly any memory: what other processes of this machine take must end none."""


class Ran(NamedTuple):
    """Where a trial ran and when, and what it had of a GPU."""

    gpu_kind: str
    gpus: list[int] | list[str]
    part: float
    cap_mib: float
    start_s: float
    end_s: float


class Endings(Watcher):
    """Notes why trials ended without a record, and the problems of those that went on."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.troubles: list[str] = []

    def trouble(self, trial: Trial, reason: str) -> None:
        self.troubles.append(f"{trial.key}: {reason}")

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        self.failures.append(f"{trial.key}: {failure.reason}")


def wait_for_others(folder: Path, key: str) -> None:
    """Wait until as many trials have begun as the test wants at once, or for `MAX_WAIT_S`."""
    (folder / f"{key}.began").touch()
    at_once, until = int((folder / AT_ONCE_FILE).read_text()), time.monotonic() + MAX_WAIT_S
    while len(list(folder.glob("*.began"))) < at_once and time.monotonic() < until:
        time.sleep(LOOK_S)


def record_where(config: dict[str, Any]) -> None:
    """Wait for other trials, and write where it ran, and the record: a trainable of Tune."""
    order, start_s = order_in(config), time.time()
    assert order.share is not None
    folder = Path(order.manner.place)
    context = ray.get_runtime_context()
    wait_for_others(folder, order.trial.key)
    ran = Ran(
        gpu_kind=next(
            gpu_kind_of(node["Resources"]) or ""
            for node in ray.nodes()
            if node["NodeID"] == context.get_node_id()
        ),
        gpus=ray.get_gpu_ids(),
        part=tune.get_context().get_trial_resources().required_resources["GPU"],
        cap_mib=order.share.memory_mib,
        start_s=start_s,
        end_s=time.time(),
    )
    (folder / f"{order.trial.key}.json").write_text(json.dumps(ran))
    write_noop(Ledger(folder), order.trial)  # last: with its record a trial counts as done


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Start a head without a place, and a machine with each kind of GPU."""
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": NO_MEMORY_MONITOR}
    found = Cluster(initialize_head=True, head_node_args=head)
    for kind, num_gpus in NUM_GPUS.items():
        found.add_node(num_cpus=4, num_gpus=num_gpus, resources={ACCELERATOR + kind: 1})
    found.wait_for_nodes()
    yield found
    found.shutdown()


def remember_probes(assignments: list[Assignment], storage: Path) -> None:
    """Leave in the ledger what nobody measured: what each architecture takes on each kind."""
    for kind, memory_mib in MEMORY_MIB.items():
        remember_device(ACCELERATOR + kind, f"a pretended {kind}", storage)
        for trial, *_ in assignments:
            need_mib = NEED_MIB[depth_of(trial)]
            probe = make_probe(
                trial, SECONDS[kind], gpu_memory_mib=need_mib, device=f"a pretended {kind}"
            )
            update = {
                "num_at_once": 1,
                "memory_mib": 10.0,
                "gpu_context_mib": 500.0,
                "device_memory_mib": memory_mib,
            }
            remember_probe(probe.model_copy(update=update), storage)


def most_at_once(ran: list[Ran]) -> int:
    """Count how many of some trials ran at the same time."""
    return max(sum(one.start_s <= other.start_s < one.end_s for one in ran) for other in ran)


def most_of_a_gpu(ran: list[Ran]) -> float:
    """Add up what trials that ran at the same time had of one GPU."""
    return max(
        sum(one.part for one in ran if one.gpus == other.gpus and is_beside(one, other))
        for other in ran
    )


def is_beside(one: Ran, other: Ran) -> bool:
    return one.start_s <= other.start_s < one.end_s


def actors_in_log(session_folder: Path) -> list[str]:
    """Read what Ray's own server noted on the actors of a session, to see why one went."""
    log = session_folder / "logs" / "gcs_server.out"
    return [line for line in log.read_text().splitlines() if "gcs_actor" in line]


def run(
    assignments: list[Assignment], storage: Path, machines: Machines, *, at_once: int
) -> dict[str, list[tuple[Assignment, Ran]]]:
    """Plan and sweep; return what ran on each kind of GPU.

    The first `at_once` trials wait for each other.
    """
    remember_probes(assignments, storage)
    (storage / AT_ONCE_FILE).write_text(str(at_once))
    endings = Endings()
    console = Console(file=io.StringIO())
    with training_session(storage, machines) as session:
        session_folder = Path(ray._private.worker.global_worker.node.get_session_dir_path())
        planned = plan_sweep(session, assignments, None, console).order
        queue = TrialQueue(
            planned,
            find_record=partial(fetch_record, storage),
            leases=session.leases,
            watchers=[endings],
        )
        train(session, queue, num_trials=len(planned), trainable=record_where)
    assert queue.is_done
    assert not endings.failures, "\n".join(
        [*endings.failures, *endings.troubles, *actors_in_log(session_folder)]
    )
    ran: dict[str, list[tuple[Assignment, Ran]]] = {kind: [] for kind in NUM_GPUS}
    for one in planned:
        told = Ran(*json.loads((storage / f"{one.trial.key}.json").read_text()))
        ran[told.gpu_kind].append((one, told))
    return ran


def test_trials_run_on_their_kind_of_gpu_and_as_many_at_once_as_fit(
    tmp_path: Path, cluster: Cluster
) -> None:
    """Of the shallow an A100 takes two and a T4 one; of the deep an A100 one and a T4 none."""
    assignments = [make_assignment(depth, seed) for seed in range(4) for depth in (1, 3)]
    machines = Machines(address=cluster.address)
    found = run(assignments, tmp_path, machines, at_once=4)  # then all GPUs are full
    for kind, of_kind in found.items():
        for one, told in of_kind:
            assert one.gpu_kind == kind
            num_at_once, cap_mib = SHARES[depth_of(one.trial), kind]
            assert (told.part, told.cap_mib) == (1 / num_at_once, cap_mib)
    on_a100, on_t4 = ([told for _, told in found[kind]] for kind in ("A100", "T4"))
    assert most_at_once(on_t4) == 1
    assert 2 <= most_at_once(on_a100) <= 4
    assert most_of_a_gpu(on_a100) <= 1
    assert len({gpu for told in on_a100 for gpu in told.gpus}) == NUM_GPUS["A100"]


def test_slots_count_trials_on_all_kinds(tmp_path: Path, cluster: Cluster) -> None:
    assignments = [make_assignment(1, seed) for seed in range(6)]
    machines = Machines(address=cluster.address, num_slots=2)
    found = run(assignments, tmp_path, machines, at_once=2)
    assert all(found.values())
    assert most_at_once([told for of_kind in found.values() for _, told in of_kind]) == 2
