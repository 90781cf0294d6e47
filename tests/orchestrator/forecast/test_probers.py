import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from orchestrator.cluster.assignment import MAX_LOSSES
from orchestrator.cluster.machines import THIS_MACHINE, Machines
from orchestrator.cluster.stop_signals import Terminated
from orchestrator.errors import ProbeError
from orchestrator.forecast import probers as probing
from orchestrator.forecast.probers import Answer, Probers, ProbeSetting, WorkerInfo
from orchestrator.storage.driver import this_driver
from reports.ledger.probe import find_device, remember_device
from tests.orchestrator.probe_factory import make_assignment

TRIAL = make_assignment(1, 0).trial
GREETING = WorkerInfo("a device", "node")
CORES = {"CPU": 2.0}


class FakeActor:
    """Stands for a `Prober` of Ray; a call returns the reference that its name is."""

    def __init__(self) -> None:
        self.greet = SimpleNamespace(remote=lambda: "greeting")
        self.probe = SimpleNamespace(remote=lambda *_: "probe")

    def options(self, memory: int | None) -> "SimpleNamespace":
        return SimpleNamespace(remote=lambda *_: self)


class FakeRay:
    """What `Probers` needs of Ray: references that are ready, and what they hold."""

    def __init__(self, held: dict[str, Any], there: dict[str, float]) -> None:
        self.killed: list[object] = []
        self.there = there
        self.asked: dict[str, object] = {}
        self._held = held

    def cluster_resources(self) -> dict[str, float]:
        return self.there

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": "dead", "NodeManagerHostname": "gone", "Alive": False, "Resources": CORES},
            {"NodeID": "head", "NodeManagerHostname": "head", "Alive": True, "Resources": {}},
            {
                "NodeID": "node",
                "NodeManagerHostname": "here",
                "Alive": True,
                "Resources": self.there,
            },
        ]

    def remote(self, **options: object) -> Callable[[type], FakeActor]:
        self.asked = options
        return lambda _: FakeActor()

    def wait(self, refs: list[str], **_: object) -> tuple[list[str], list[str]]:
        return [ref for ref in refs if ref in self._held], []

    def get(self, ref: str) -> Any:
        held = self._held[ref]
        held = held.pop(0) if isinstance(held, list) else held
        if isinstance(held, Exception):
            raise held
        return held

    def kill(self, actor: object) -> None:
        self.killed.append(actor)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Probers, FakeRay]]:
    def make_with(
        held: dict[str, Any],
        *,
        seen: int | None = None,
        there: dict[str, float] = CORES,
        machines: Machines = THIS_MACHINE,
        on_waiting: Callable[[str], None] = lambda what: None,
    ) -> tuple[Probers, FakeRay]:
        fake = FakeRay(held, there)
        monkeypatch.setattr(probing, "ray", fake)
        session = SimpleNamespace(
            storage=tmp_path, machines=machines, signals=SimpleNamespace(seen=seen)
        )
        return Probers(cast(Any, session), on_waiting), fake

    return make_with


@pytest.mark.parametrize(
    ("signum", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_signal_ends_all(
    make: Callable[..., tuple[Probers, FakeRay]], signum: int, error: type[BaseException]
) -> None:
    probers, fake = make({}, seen=signum)
    with probers:
        probers.start(1)
        with pytest.raises(error):
            probers.next()
    assert len(fake.killed) == 1
    assert probers.num_living == 0


@pytest.mark.parametrize(
    "error", [RayTaskError("probe", "trace", KeyError("x")), ActorDiedError()], ids=repr
)
def test_process_that_met_an_error_is_ended(
    make: Callable[..., tuple[Probers, FakeRay]], error: Exception
) -> None:
    probers, fake = make({"greeting": GREETING, "probe": error})
    probers.start(1)
    prober, architecture, outcome = probers.next()
    assert (architecture, outcome) == (None, GREETING)
    probers.send(prober, "arch", TRIAL, ProbeSetting(1, None))
    assert probers.next() == Answer(None, "arch", error)
    assert fake.killed == [prober]


@pytest.mark.parametrize(
    ("error", "times"),
    [(ActorDiedError(), MAX_LOSSES), (RayTaskError("greet", "trace", ImportError("torch")), 0)],
    ids=["machine", "error"],
)
def test_process_that_cannot_start_is_told(
    make: Callable[..., tuple[Probers, FakeRay]], error: Exception, times: int
) -> None:
    probers, _ = make({"greeting": [ActorDiedError(), GREETING] + [error] * (times + 1)})
    for _ in range(2 + times):
        probers.start(1)
        probers.next()
    probers.start(1)
    with pytest.raises(ProbeError, match="no process could be started to measure trials: "):
        probers.next()


@pytest.mark.parametrize(
    ("there", "machine"),
    [
        (CORES, "CPU of here"),
        (CORES | {"GPU": 1.0}, "GPU of here"),
        (CORES | {"GPU": 1.0, "accelerator_type:A10G": 1.0}, "accelerator_type:A10G"),
    ],
    ids=["CPU", "GPU", "known GPU"],
)
def test_device_is_asked_once_for_each_machine(
    make: Callable[..., tuple[Probers, FakeRay]],
    tmp_path: Path,
    there: dict[str, float],
    machine: str,
) -> None:
    probers, _ = make({"greeting": [ActorDiedError(), GREETING]}, there=there)
    assert probers.find_device() is None
    assert probers.ask_device() == "a device"
    assert probers.num_living == 1  # it measures next
    second, _ = make({}, there=there)
    assert second.find_device() == find_device(machine, tmp_path) == "a device"
    assert second.num_living == 0


def test_device_of_a_machine_that_is_gone_or_trains_nothing_does_not_count(
    make: Callable[..., tuple[Probers, FakeRay]], tmp_path: Path
) -> None:
    for machine in ("CPU of gone", "CPU of head"):
        remember_device(machine, "another", tmp_path)
    probers, _ = make({})
    assert probers.find_device() is None


def test_process_is_asked_for_on_the_kind_of_gpu_that_is_to_be_measured(
    make: Callable[..., tuple[Probers, FakeRay]], tmp_path: Path
) -> None:
    there = CORES | {"GPU": 1.0, "accelerator_type:A100": 1.0}
    remember_device("accelerator_type:A100", "an A100", tmp_path)
    a100, t4, whichever = (
        make({}, there=there, machines=Machines("auto", gpu_kind=kind))
        for kind in ("A100", "T4", None)
    )
    assert a100[0].find_device() == whichever[0].find_device() == "an A100"
    assert t4[0].find_device() is None
    asked = [fake.asked["resources"] for _, fake in (a100, t4, whichever)]
    assert asked == [{"accelerator_type:A100": 0.001}, {"accelerator_type:T4": 0.001}, {}]


@pytest.mark.parametrize(
    ("there", "takes"),
    [(CORES, "waits for a core:"), (CORES | {"GPU": 1.0}, "waits for a core and a GPU:")],
    ids=["CPU", "GPU"],
)
def test_wait_for_a_place_is_told_once(
    make: Callable[..., tuple[Probers, FakeRay]],
    monkeypatch: pytest.MonkeyPatch,
    there: dict[str, float],
    takes: str,
) -> None:
    held: dict[str, Any] = {}
    told: list[str] = []
    seconds = iter(range(0, 600, 6))

    def now() -> float:
        second = next(seconds)
        if second == 60:
            held["greeting"] = GREETING
        return float(second)

    monkeypatch.setattr(probing.time, "monotonic", now)
    probers, _ = make(held, there=there, on_waiting=told.append)
    probers.start(1)
    probers.next()
    assert len(told) == 1
    assert takes in told[0]


def test_wait_for_what_is_measured_is_not_told(
    make: Callable[..., tuple[Probers, FakeRay]], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, Any] = {"greeting": GREETING}
    told: list[str] = []
    probers, _ = make(held, on_waiting=told.append)
    probers.start(1)
    probers.send(probers.next().prober, "arch", TRIAL, ProbeSetting(1, None))
    seconds = iter(range(0, 600, 6))

    def now() -> float:
        second = next(seconds)
        if second == 60:
            held["probe"] = "a probe"
        return float(second)

    monkeypatch.setattr(probing.time, "monotonic", now)
    probers.next()
    assert not told


def test_what_a_killed_driver_left_goes_when_the_next_one_measures(
    make: Callable[..., tuple[Probers, FakeRay]], tmp_path: Path
) -> None:
    host, process, started = this_driver().split(":")
    dead, alive = f"{host}:{process}:{int(started) - 1}", "elsewhere-1-2:3:4"
    for driver in (dead, alive, this_driver()):
        (tmp_path / "probes" / f".scratch-{quote(driver, safe='')}+{quote(alive, safe='')}").mkdir(
            parents=True
        )
    probers, _ = make({})
    with probers:
        assert len([*(tmp_path / "probes").iterdir()]) == 2
    assert [quote(alive, safe="") in path.name for path in (tmp_path / "probes").iterdir()] == [
        True
    ]
