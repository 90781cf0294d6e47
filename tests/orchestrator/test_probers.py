import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from orchestrator import probers as probing
from orchestrator.errors import ProbeError
from orchestrator.machines import Machines
from orchestrator.probers import Answer, Probers, Surroundings
from orchestrator.stop_signals import Terminated
from tests.orchestrator.probe_factory import make_assignment

TRIAL = make_assignment(1, 0).trial


class FakeActor:
    """Stands for a `Prober` of Ray; a call returns the reference that its name is."""

    def __init__(self) -> None:
        self.tell_device = SimpleNamespace(remote=lambda: "device")
        self.probe = SimpleNamespace(remote=lambda *_: "probe")

    def options(self, memory: int | None) -> "SimpleNamespace":
        return SimpleNamespace(remote=lambda *_: self)


class FakeRay:
    """What `Probers` needs of Ray: references that are ready, and what they hold."""

    def __init__(self, held: dict[str, Any]) -> None:
        self.killed: list[object] = []
        self._held = held

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, **_: object) -> Callable[[type], FakeActor]:
        return lambda _: FakeActor()

    def wait(self, refs: list[str], **_: object) -> tuple[list[str], list[str]]:
        return [ref for ref in refs if ref in self._held], []

    def get(self, ref: str) -> Any:
        if isinstance(self._held[ref], Exception):
            raise self._held[ref]
        return self._held[ref]

    def kill(self, actor: object) -> None:
        self.killed.append(actor)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Probers, FakeRay]]:
    def make_with(held: dict[str, Any], *, seen: int | None = None) -> tuple[Probers, FakeRay]:
        fake = FakeRay(held)
        monkeypatch.setattr(probing, "ray", fake)
        session = SimpleNamespace(
            storage=tmp_path, machines=Machines(), signals=SimpleNamespace(seen=seen)
        )
        return Probers(cast(Any, session)), fake

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
    probers, fake = make({"device": "a CPU", "probe": error})
    probers.start(1)
    prober, architecture, device = probers.next()
    assert (architecture, device) == (None, "a CPU")
    probers.send(prober, "arch", TRIAL, Surroundings(1, None))
    assert probers.next() == Answer(None, "arch", error)
    assert fake.killed == [prober]


def test_process_that_cannot_start_is_told(
    make: Callable[..., tuple[Probers, FakeRay]],
) -> None:
    probers, _ = make({"device": ActorDiedError()})
    probers.start(1)
    with pytest.raises(
        ProbeError, match="no process could be started to measure in: The actor died"
    ):
        probers.next()
