from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ray.exceptions import ActorDiedError, RayError, RayTaskError

from orchestrator.cluster.assignment import MAX_LOSSES
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.packing import Capacity
from orchestrator.errors import ClusterError, ProbeError, TooLargeError
from orchestrator.forecast import measure as measuring
from orchestrator.forecast.measure import MeasuringListener, measure
from orchestrator.forecast.probers import Answer, ProbeSetting, WorkerInfo
from orchestrator.storage.reach import UnreachedStorageError
from reports.ledger.probe import Probe, architecture_of, find_probe, remember_probe, torch_version
from search_spaces.trial import Trial
from tests.orchestrator.probe_factory import make_assignment, make_probe

SHALLOW, DEEP, DEEPER = (make_assignment(depth, 0) for depth in (1, 3, 5))
TRIALS = [one.trial for one in (SHALLOW, DEEP, DEEPER)]
ON_CPU = Machines(device="cpu")
ROWS = {one.trial.key: one.trained_for for one in (SHALLOW, DEEP, DEEPER)}
Outcome = Callable[[ProbeSetting], Probe | Exception]

UNREACHED = RayTaskError(
    "probe", "trace", UnreachedStorageError("machine 'm' does not reach 's'")
).as_instanceof_cause()
"""As Ray raises it."""


def probe_of(trial: Trial, *, memory_mib: float = 1000.0, num_at_once: int = 4) -> Probe:
    update = {"memory_mib": memory_mib, "num_at_once": num_at_once}
    return make_probe(trial, 4.0).model_copy(update=update)


def fits_in(memory_mib: float, trial: Trial) -> Outcome:
    """Make a trial that runs out of memory where it gets less."""

    def outcome(where: ProbeSetting) -> Probe | Exception:
        if where.cap_mib is not None and where.cap_mib < memory_mib:
            return TooLargeError("out of memory")
        return probe_of(trial, memory_mib=memory_mib, num_at_once=where.num_at_once)

    return outcome


def fails_first(times: int, error: RayError, trial: Trial) -> Outcome:
    """Make a trial that meets an error so often before it is measured."""
    left = [error] * times

    def outcome(where: ProbeSetting) -> Probe | Exception:
        return left.pop() if left else probe_of(trial, num_at_once=where.num_at_once)

    return outcome


class FakeProbers:
    """Stands for `Probers`: answers in the order in which it was asked.

    `device` is what the ledger remembers of the machines' device.
    """

    def __init__(
        self, outcomes: dict[str, Outcome], *, on_gpu: bool = False, device: str | None = None
    ) -> None:
        self.on_gpu = on_gpu
        self.device = device
        self.sent: list[tuple[str, ProbeSetting]] = []
        self.started: list[tuple[int, float | None]] = []
        self._outcomes = outcomes
        self._asked: deque[tuple[str | None, ProbeSetting | None]] = deque()

    def __enter__(self) -> "FakeProbers":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def num_living(self) -> int:
        return len(self._asked)

    def start(self, count: int, memory_mib: float | None = None) -> None:
        self.started.append((count, memory_mib))
        self._asked.extend([(None, None)] * count)

    def find_device(self) -> str | None:
        return self.device

    def ask_device(self) -> str:
        if not self.num_living:
            self.start(1)
        return "a CPU"

    def send(self, prober: str, architecture: str, trial: Trial, where: ProbeSetting) -> None:
        self.sent.append((architecture, where))
        self._asked.append((architecture, where))

    def next(self) -> Answer:
        architecture, where = self._asked.popleft()
        if architecture is None or where is None:
            return Answer("a prober", None, WorkerInfo("a CPU", "a node"))
        outcome = self._outcomes[architecture](where)
        return Answer(None if isinstance(outcome, Exception) else "one", architecture, outcome)

    def end(self) -> None:
        self._asked.clear()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Probe]]:
    """Give `measure` on a machine of 4 cores and 8,000 MiB."""

    def run_with(
        probers: FakeProbers,
        trials: Sequence[Trial] = TRIALS,
        *,
        machines: Machines = ON_CPU,
        num_devices: int = 1,
        gpu_kind: str | None = None,
        **options: Any,
    ) -> dict[str, Probe]:
        there = {"CPU": 4.0 * num_devices, "GPU": 2.0, "memory": 8000.0 * 2**20 * num_devices}
        monkeypatch.setattr(measuring, "Probers", lambda *_: probers)
        monkeypatch.setattr("ray.cluster_resources", lambda: there)
        of_kind = {f"accelerator_type:{gpu_kind}": 1.0}
        monkeypatch.setattr("ray.nodes", lambda: [{"Alive": True, "Resources": there | of_kind}])
        capacity = Capacity(probers.on_gpu, 2 if probers.on_gpu else num_devices, 8000.0, 4)
        monkeypatch.setattr(measuring, "find_capacity", lambda *_: capacity)
        machines = Machines(gpu_kind=gpu_kind) if probers.on_gpu else machines
        session = SimpleNamespace(storage=tmp_path, machines=machines)
        return measure(cast(Any, session), trials, rows=ROWS, **options)

    return run_with


def fitting(memory_mib: float = 1000.0) -> dict[str, Outcome]:
    return {architecture_of(trial): fits_in(memory_mib, trial) for trial in TRIALS}


def test_each_architecture_is_measured_once_and_kept(
    tmp_path: Path, run: Callable[..., dict[str, Probe]]
) -> None:
    again = [make_assignment(depth, 1).trial for depth in (1, 3, 5)]
    told: list[tuple[int, int]] = []

    class Listener(MeasuringListener):
        def measured(self, num_measured: int, num_in_all: int) -> None:
            told.append((num_measured, num_in_all))

    found = run(FakeProbers(fitting()), [*TRIALS, *again], listener=Listener())
    assert set(found) == {architecture_of(trial) for trial in TRIALS}
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    for name, probe in found.items():
        assert find_probe(name, "a CPU", 4, tmp_path) == probe
    second = FakeProbers({})
    assert run(second, [*TRIALS, *again], listener=Listener()) == found
    assert not second.sent
    assert len(told) == 4
    third = FakeProbers(fitting())
    assert run(third, [*TRIALS, *again], anew=True) == found
    assert {name for name, _ in third.sent} == set(found)


def test_what_is_known_of_a_remembered_device_starts_no_process(
    run: Callable[..., dict[str, Probe]],
) -> None:
    found = run(FakeProbers(fitting()))
    second = FakeProbers({}, device="a CPU")
    assert run(second) == found
    assert not second.started


def test_device_that_is_another_than_remembered_is_measured(
    tmp_path: Path, run: Callable[..., dict[str, Probe]]
) -> None:
    for trial in TRIALS[:2]:
        old = probe_of(trial, num_at_once=3).model_copy(update={"device": "an old CPU"})
        remember_probe(old, tmp_path)
    found = run(FakeProbers(fitting(), device="an old CPU"))
    assert {probe.device for probe in found.values()} == {"a CPU"}


def test_gpus_that_came_with_the_first_machine_are_told_before_it_measures(
    run: Callable[..., dict[str, Probe]],
) -> None:
    class Decided(FakeProbers):
        def start(self, count: int, memory_mib: float | None = None) -> None:
            super().start(count, memory_mib)
            self.on_gpu = False  # as it was when there was no machine yet

    probers = Decided(fitting(), on_gpu=True)
    with pytest.raises(ClusterError, match=r"measured on a CPU, .* choose --device gpu"):
        run(probers)
    assert not probers.sent


def test_as_many_measure_at_once_as_train_and_the_last_is_not_alone(
    run: Callable[..., dict[str, Probe]],
) -> None:
    probers = FakeProbers(fitting())
    again = [make_assignment(depth, 1).trial for depth in (1, 3, 5)]
    run(probers, [*TRIALS, *again])
    assert probers.started == [(4, 2000.0), (0, 2000.0)]
    assert probers.num_living == 4  # none is left out when they are ended
    first, *_, fourth = probers.sent[:4]
    assert first == fourth == (architecture_of(TRIALS[0]), ProbeSetting(4, 2000.0))


def test_fewer_trials_than_cores_are_measured_beside_fewer(
    run: Callable[..., dict[str, Probe]],
) -> None:
    probers = FakeProbers(fitting())
    run(probers, TRIALS[:2])
    assert probers.started == [(2, 4000.0), (0, 4000.0)]
    assert probers.sent[0][1] == ProbeSetting(2, 4000.0)


def test_one_process_of_a_cluster_says_what_its_device_is_before_others_take_machines(
    run: Callable[..., dict[str, Probe]],
) -> None:
    probers = FakeProbers(fitting())
    run(probers, machines=Machines(device="cpu", address="there:6379"))
    assert probers.started == [(1, None), (2, 8000.0 / 3)]


def test_what_does_not_fit_beside_others_is_measured_beside_fewer(
    run: Callable[..., dict[str, Probe]],
) -> None:
    outcomes = fitting() | {architecture_of(DEEP.trial): fits_in(5000.0, DEEP.trial)}
    four = [*TRIALS, make_assignment(1, 1).trial]
    probers = FakeProbers(outcomes)
    found = run(probers, four)
    assert {name: probe.num_at_once for name, probe in found.items()} == {
        architecture_of(SHALLOW.trial): 4,
        architecture_of(DEEP.trial): 1,
        architecture_of(DEEPER.trial): 4,
    }
    lower = [where for _, where in probers.sent if where.num_at_once < 4]
    assert lower[0] == ProbeSetting(2, 4000.0)
    assert lower[-1] == ProbeSetting(1, 8000.0)
    second = FakeProbers({})  # 8,000 MiB hold it once: it would be measured alone again
    assert run(second, four) == found
    assert not second.sent


def test_what_fits_nowhere_has_no_probe(run: Callable[..., dict[str, Probe]]) -> None:
    outcomes = fitting() | {architecture_of(DEEP.trial): fits_in(9000.0, DEEP.trial)}
    found = run(FakeProbers(outcomes))
    assert set(found) == {architecture_of(one.trial) for one in (SHALLOW, DEEPER)}


def test_probe_beside_fewer_or_more_than_train_now_is_measured_again(
    tmp_path: Path, run: Callable[..., dict[str, Probe]]
) -> None:
    for trial, num_at_once in zip(TRIALS, (2, 4, 3), strict=True):
        remember_probe(probe_of(trial, num_at_once=num_at_once), tmp_path)
    probers = FakeProbers(fitting())
    found = run(probers)  # three trials train at once
    assert {name for name, _ in probers.sent} == {architecture_of(t) for t in TRIALS[:2]}
    assert {probe.num_at_once for probe in found.values()} == {3}


def test_probe_of_another_pytorch_is_measured_again(
    tmp_path: Path, run: Callable[..., dict[str, Probe]]
) -> None:
    for trial, torch in zip(TRIALS, ("1.13.0", torch_version(), "99.0"), strict=True):
        probe = probe_of(trial, num_at_once=3).model_copy(update={"torch": torch})
        remember_probe(probe, tmp_path)
    probers = FakeProbers(fitting())
    run(probers)
    assert {name for name, _ in probers.sent} == {architecture_of(t) for t in TRIALS[::2]}


def test_cluster_with_slots_is_measured_as_it_trains(run: Callable[..., dict[str, Probe]]) -> None:
    """On four machines of four cores, with four slots, one trial trains on each."""
    probers = FakeProbers(fitting())
    many = [make_assignment(depth, seed).trial for depth in (1, 3, 5) for seed in range(9)]
    machines = Machines(address="auto", device="cpu", num_slots=4)
    found = run(probers, many, machines=machines, num_devices=4)
    assert probers.started == [(1, None), (3, 8000.0)]
    assert {probe.num_at_once for probe in found.values()} == {1}


def test_gpu_measures_one_alone_without_a_cap(run: Callable[..., dict[str, Probe]]) -> None:
    probers = FakeProbers(fitting(), on_gpu=True)
    run(probers)
    assert probers.started == [(1, None), (1, None)]  # of three, on two GPUs
    assert {where for _, where in probers.sent} == {ProbeSetting(1, None)}


@pytest.mark.parametrize("error", [ActorDiedError(), UNREACHED], ids=["lost", "unreached"])
@pytest.mark.parametrize("on_gpu", [True, False], ids=["GPU", "CPU"])
def test_what_one_machine_loses_is_measured_again_at_once(
    run: Callable[..., dict[str, Probe]], error: RayError, on_gpu: bool
) -> None:
    outcomes = fitting() | {architecture_of(DEEP.trial): fails_first(1, error, DEEP.trial)}
    found = run(FakeProbers(outcomes, on_gpu=on_gpu))
    assert {probe.num_at_once for probe in found.values()} == {1 if on_gpu else 3}
    assert len(found) == 3


@pytest.mark.parametrize("error", [ActorDiedError(), UNREACHED], ids=["lost", "unreached"])
def test_what_is_lost_again_and_again_is_measured_at_the_last_moment(
    run: Callable[..., dict[str, Probe]], error: RayError
) -> None:
    outcomes = {architecture_of(DEEP.trial): fails_first(MAX_LOSSES, error, DEEP.trial)}
    assert len(run(FakeProbers(outcomes, on_gpu=True), [DEEP.trial])) == 1


def test_process_lost_twice_on_a_cpu_may_lack_memory_and_is_measured_beside_fewer(
    run: Callable[..., dict[str, Probe]],
) -> None:
    outcomes = {architecture_of(DEEP.trial): fails_first(2, ActorDiedError(), DEEP.trial)}
    probers = FakeProbers(outcomes)
    found = run(probers, [DEEP.trial, make_assignment(3, 1).trial])
    assert [probe.num_at_once for probe in found.values()] == [1]


def test_kind_of_gpu_on_which_a_trial_fails_is_named(
    run: Callable[..., dict[str, Probe]],
) -> None:
    error = RayTaskError("probe", "trace", RuntimeError("no kernel for this GPU"))
    probers = FakeProbers({architecture_of(DEEP.trial): lambda _: error}, on_gpu=True)
    with pytest.raises(ProbeError, match="row 'deep', on T4: RuntimeError: no kernel"):
        run(probers, [DEEP.trial], gpu_kind="T4")


def test_storage_that_is_given_up_is_waited_for_no_more(
    run: Callable[..., dict[str, Probe]],
) -> None:
    outcomes: dict[str, Outcome] = {architecture_of(trial): lambda _: UNREACHED for trial in TRIALS}
    probers = FakeProbers(outcomes, on_gpu=True)
    with pytest.raises(ProbeError, match="machine 'm' does not reach 's'"):
        run(probers)
    assert len(probers.sent) < len(TRIALS) * (1 + MAX_LOSSES)


def test_no_process_is_started_when_the_last_one_failed(
    run: Callable[..., dict[str, Probe]],
) -> None:
    error = RayTaskError("probe", "trace", KeyError("x"))
    probers = FakeProbers({architecture_of(DEEP.trial): lambda _: error})
    with pytest.raises(ProbeError, match="KeyError"):
        run(probers, [DEEP.trial])
    assert probers.started == [(1, 8000.0), (0, 8000.0)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RayTaskError("probe", "trace", KeyError("x")), "KeyError: 'x'"),
        (ActorDiedError(), "ActorDiedError: The actor died"),
    ],
)
def test_architecture_that_fails_is_named_and_the_others_are_kept(
    tmp_path: Path, run: Callable[..., dict[str, Probe]], error: RayError, reason: str
) -> None:
    outcomes = fitting() | {architecture_of(DEEP.trial): lambda _: error}
    with pytest.raises(ProbeError, match=f"study 'small', row 'deep': {reason}"):
        run(FakeProbers(outcomes))
    kept = [find_probe(architecture_of(trial), "a CPU", 3, tmp_path) for trial in TRIALS]
    assert [probe is not None for probe in kept] == [True, False, True]
