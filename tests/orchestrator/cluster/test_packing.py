from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.cluster.assignment import Share
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.packing import (
    MARGIN,
    Capacity,
    Measured,
    capacity_of,
    count_at_once,
    pack,
    pack_on_kinds,
)
from orchestrator.errors import ClusterError, FitError
from reports.ledger.probe import Probe
from tests.orchestrator.probe_factory import make_assignment, make_probe

SHALLOW, DEEP = make_assignment(1, 0), make_assignment(3, 0)
MACHINE = Capacity(on_gpu=False, num_devices=1, memory_mib=10_000.0, num_cores=64)
GPU = Capacity(
    on_gpu=True, num_devices=2, memory_mib=20_000.0, num_cores=16, host_memory_mib=40_000.0
)


def on_cpu(memory_mib: float) -> Probe:
    return make_probe(SHALLOW.trial, 4.0).model_copy(update={"memory_mib": memory_mib})


def on_gpu(gpu_memory_mib: float, *, memory_mib: float = 2000.0) -> Probe:
    probe = make_probe(SHALLOW.trial, 4.0, gpu_memory_mib=gpu_memory_mib)
    return probe.model_copy(update={"memory_mib": memory_mib, "gpu_context_mib": 500.0})


@pytest.mark.parametrize(
    ("probe", "capacity", "expected"),
    [
        (on_cpu(1000), MACHINE, 8),  # 9,000 / 1,100 = 8.2
        (on_cpu(10), MACHINE, 64),  # its cores
        (on_cpu(9000), MACHINE, 1),  # 9,900 are more than 9,000, but alone it fits
        (on_cpu(9100), MACHINE, 0),  # 10,010
        (on_gpu(4000), GPU, 4),  # 18,000 / 4,400 = 4.1
        (on_gpu(400), GPU, 16),  # its cores; 18,000 / 440 = 40.9, 36,000 / 2,200 = 16.4
        (on_gpu(400, memory_mib=8000), GPU, 4),  # of the machine's memory: 36,000 / 8,800 = 4.1
        (on_gpu(400, memory_mib=40_000), GPU, 0),
        (on_gpu(19_000), GPU, 0),
    ],
)
def test_device_takes_as_many_as_fit_with_margins(
    probe: Probe, capacity: Capacity, expected: int
) -> None:
    assert MARGIN == 0.1
    assert count_at_once(probe, capacity) == expected


def test_trials_that_fit_equally_often_have_equal_shares() -> None:
    probes = {
        one.architecture: one
        for one in (
            make_probe(SHALLOW.trial, 4.0).model_copy(update={"memory_mib": 1000.0}),
            make_probe(DEEP.trial, 4.0).model_copy(update={"memory_mib": 1020.0}),
        )
    }
    shares = pack([SHALLOW.trial, DEEP.trial], probes, MACHINE)
    assert shares == {one.trial.key: Share(8, 1250.0) for one in (SHALLOW, DEEP)}


def test_share_of_a_gpu_leaves_out_the_context() -> None:
    probe = on_gpu(4000)
    shares = pack([SHALLOW.trial], {probe.architecture: probe}, GPU)
    assert shares == {SHALLOW.trial.key: Share(4, 4500.0)}


def test_trials_that_fit_nowhere_are_named_together() -> None:
    trials = [make_assignment(depth, seed).trial for depth in (1, 3) for seed in (0, 1)]
    probe = on_cpu(20_000)
    rows = {one.trial.key: one.trained_for for one in (SHALLOW, DEEP)}
    with pytest.raises(FitError) as caught:
        pack(trials, {probe.architecture: probe}, MACHINE, rows=rows)
    shallow, deep, advice = str(caught.value).split("\n")
    assert shallow == (
        "study 'small', row 'shallow': needs 22,000 MiB with batches of 10 utterances, but a "
        "machine has 10,000 MiB for it"
    )
    assert deep == (
        "study 'small', row 'deep': batches of 10 utterances ran out of memory when they were "
        "measured alone on a machine with 10,000 MiB"
    )
    assert advice.startswith("nothing was trained; use machines with more memory")


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        (on_gpu(20_000), "needs 22,000 MiB with .* but a GPU has 20,000 MiB"),
        (
            on_gpu(400, memory_mib=50_000),
            "needs 55,000 MiB with .* but a GPU's share of its machine has 40,000 MiB",
        ),
    ],
)
def test_error_says_which_memory_of_a_gpu_machine_is_short(probe: Probe, expected: str) -> None:
    with pytest.raises(FitError, match=f"trial {SHALLOW.trial.key}: {expected}"):
        pack([SHALLOW.trial], {probe.architecture: probe}, GPU)


def node(*, alive: bool = True, gpus: str = "", **resources: float) -> Mapping[str, Any]:
    if gpus:
        resources[f"accelerator_type:{gpus}"] = 1.0
    memory = resources.pop("gib", 0.0) * 2**30
    return {"Alive": alive, "Resources": {"memory": memory, **resources}}


def test_machine_is_a_device_where_there_is_no_gpu() -> None:
    nodes = [node(CPU=0, gib=2), node(CPU=8, gib=16), node(CPU=4, gib=8), node(alive=False, CPU=1)]
    assert capacity_of(nodes, Machines("auto"), {}) == Capacity(False, 2, 8192.0, 4)


@pytest.mark.parametrize(
    ("machines", "need_mib", "expected"),
    [
        ([(64, 8), (64, 8), (2, 8)], 3000, (2, 64, 8)),
        ([(64, 8), (64, 8), (2, 8)], 0, (2, 64, 8)),  # not measured yet
        ([(64, 8), (10, 8), (10, 8), *[(10, 8)] * 20], 0, (23, 10, 8)),
        ([(64, 8), (10, 8), (10, 8), *[(10, 8)] * 20], 10_000, (1, 64, 8)),  # 11,000 > 10,240
        ([(64, 8), (48, 8)], 0, (2, 48, 8)),
        ([(64, 32), (64, 32), (64, 1)], 0, (2, 64, 32)),
        ([(64, 8), (64, 8), (64, 8), (160, 16)], 0, (4, 64, 8)),
        ([(4, 8), (2, 8)], 5000, (1, 4, 8)),  # fits in none: the greatest is told
    ],
)
def test_machines_that_are_too_small_do_not_count(
    machines: list[tuple[float, int]], need_mib: float, expected: tuple[int, float, int]
) -> None:
    nodes = [node(CPU=num_cores, gib=gib) for gib, num_cores in machines]
    probe = on_cpu(need_mib)
    found = capacity_of(nodes, Machines("auto"), {probe.architecture: probe} if need_mib else {})
    num_devices, gib, num_cores = expected
    assert found == Capacity(False, num_devices, gib * 1024.0, num_cores)


KINDS = [
    node(CPU=32, GPU=4, gib=128, gpus="A100"),
    node(CPU=64, GPU=4, gib=128, gpus="A100"),
    node(CPU=4, GPU=1, gib=16, gpus="T4"),
]


def of_kind(gpu_kind: str, device_memory_mib: float, gpu_memory_mib: float | None) -> Measured:
    """Measure the shallow trial on a kind of GPU; without a figure it was too large there."""
    probes = {}
    if gpu_memory_mib is not None:
        probe = on_gpu(gpu_memory_mib)
        update = {"device_memory_mib": device_memory_mib}
        probes[probe.architecture] = probe.model_copy(update=update)
    capacity = Capacity(True, 4, device_memory_mib, 8, 40_000.0, gpu_kind)
    return Measured(capacity, probes)


def test_capacity_is_that_of_one_kind_of_gpu_where_it_is_named() -> None:
    probe = on_gpu(400).model_copy(update={"device_memory_mib": 40_000.0})
    probes = {probe.architecture: probe}
    a100, t4 = (capacity_of(KINDS, Machines("auto", gpu_kind=k), probes) for k in ("A100", "T4"))
    assert a100 == Capacity(True, 8, 40_000.0, 8, 32 * 1024.0, "A100")
    assert t4 == Capacity(True, 1, 40_000.0, 4, 16 * 1024.0, "T4")
    assert capacity_of(KINDS[:2], Machines("auto"), probes) == a100._replace(gpu_kind=None)


def test_memory_of_gpus_is_not_known_before_a_trial_fits() -> None:
    found = capacity_of(KINDS[:1], Machines("auto"), {})
    assert found == Capacity(True, 4, 0.0, 8, 32 * 1024.0)
    with pytest.raises(FitError, match="measured alone on a GPU\n"):
        pack([SHALLOW.trial], {}, found)


def test_kinds_of_gpu_do_not_count_where_cores_train() -> None:
    nodes = [node(CPU=8, GPU=1, gib=8, gpus=kind) for kind in ("T4", "A100", "A100")]
    assert capacity_of(nodes, Machines("auto", "cpu"), {}).num_devices == 3


def test_gpus_of_another_kind_that_come_while_trials_are_measured_are_told() -> None:
    with pytest.raises(ClusterError, match=r"several kinds \(A100, T4\); run the same command"):
        capacity_of(KINDS, Machines("auto"), {})


def test_kind_of_gpu_that_goes_while_trials_are_measured_is_told() -> None:
    with pytest.raises(ClusterError, match=r"none of 2 machines has .*: a CPU and a GPU \(T4\)"):
        capacity_of(KINDS[:2], Machines("auto", gpu_kind="T4"), {})


def test_trial_has_a_share_of_each_kind_of_gpu_by_what_it_takes_there() -> None:
    kinds = [of_kind("A100", 40_000.0, 8000.0), of_kind("T4", 16_000.0, 9000.0)]
    packed = pack_on_kinds([SHALLOW.trial], kinds)
    # 36,000 / 8,800 = 4.1; 14,400 / 9,900 = 1.5; 500 MiB are the context of a process
    assert packed == {SHALLOW.trial.key: (Share(4, 9500.0, "A100"), Share(1, 15_500.0, "T4"))}


@pytest.mark.parametrize("need_mib", [20_000.0, None], ids=["too large", "not even measured"])
def test_trial_that_fits_one_kind_of_gpu_has_a_share_of_that_alone(need_mib: float | None) -> None:
    kinds = [of_kind("A100", 40_000.0, 20_000.0), of_kind("T4", 16_000.0, need_mib)]
    assert pack_on_kinds([SHALLOW.trial], kinds) == {
        SHALLOW.trial.key: (Share(1, 39_500.0, "A100"),)
    }


def test_trial_that_fits_no_kind_of_gpu_is_refused_by_all_of_them() -> None:
    kinds = [of_kind("A100", 40_000.0, 50_000.0), of_kind("T4", 0.0, None)]
    with pytest.raises(FitError) as caught:
        pack_on_kinds([SHALLOW.trial], kinds, rows={SHALLOW.trial.key: SHALLOW.trained_for})
    fault, advice = str(caught.value).split("\n")
    assert fault == (
        "study 'small', row 'shallow': needs 55,000 MiB with batches of 10 utterances, but a GPU "
        "(A100) has 40,000 MiB for it; batches of 10 utterances ran out of memory when they were "
        "measured alone on a GPU (T4)"
    )
    assert advice.startswith("nothing was trained")


@pytest.mark.parametrize(
    ("probe", "num_gpus", "expected"),
    [
        (on_cpu(1000), 1, "measured on a CPU, .* now have GPUs: .* --device gpu or"),
        (
            on_gpu(400).model_copy(update={"device_memory_mib": 24_000.0}),
            0,
            "measured on a GPU, .* now have none; .* --device cpu",
        ),
    ],
)
def test_gpus_that_came_or_went_after_the_measuring_are_told(
    probe: Probe, num_gpus: int, expected: str
) -> None:
    with pytest.raises(ClusterError, match=expected):
        capacity_of(
            [node(CPU=8, GPU=num_gpus, gib=8)], Machines("auto"), {probe.architecture: probe}
        )


def test_gpus_of_a_machine_divide_its_cores_and_its_memory() -> None:
    nodes = [node(CPU=8, gib=32), node(CPU=16, GPU=4, gib=64), node(CPU=8, GPU=1, gib=32)]
    probe = on_gpu(400).model_copy(update={"device_memory_mib": 24_000.0})
    expected = Capacity(True, 5, 24_000.0, 4, 16 * 1024)
    assert capacity_of(nodes, Machines("auto"), {probe.architecture: probe}) == expected
    assert capacity_of(nodes, Machines("auto", "cpu"), {}).num_devices == 3


@pytest.mark.parametrize(
    ("num_gpus", "num_cores", "gib", "expected", "num_at_once"),
    [
        (8, 64, 512, (8, 8, 64), 4),  # 21,600 / 4,400 = 4.9
        (8, 16, 512, (8, 2, 64), 2),  # two cores a GPU
        (8, 12, 512, (8, 1, 64), 1),
        (8, 4, 512, (4, 1, 128), 1),  # four cores: no more than four trials, so four GPUs
        (8, 64, 48, (8, 8, 6), 2),  # of 6 GiB: 5,530 / 2,200 = 2.5
    ],
)
def test_eight_gpus_of_one_machine_share_its_cores_and_its_memory(
    num_gpus: int,
    num_cores: int,
    gib: float,
    expected: tuple[int, int, float],
    num_at_once: int,
) -> None:
    probe = on_gpu(4000).model_copy(update={"device_memory_mib": 24_000.0})
    probes = {probe.architecture: probe}
    capacity = capacity_of([node(CPU=num_cores, GPU=num_gpus, gib=gib)], Machines("auto"), probes)
    num_devices, cores_each, gib_each = expected
    assert capacity == Capacity(True, num_devices, 24_000.0, cores_each, gib_each * 1024.0)
    (share,) = pack([SHALLOW.trial], probes, capacity).values()
    assert share.num_at_once == num_at_once
    assert share.num_at_once * capacity.num_devices <= num_cores


def test_machines_without_a_place_for_a_trial_are_told() -> None:
    with pytest.raises(ClusterError, match=r"none of 1 machines has .* needs: a CPU and a GPU"):
        capacity_of([node(CPU=2, gib=1)], Machines("auto", "gpu"), {})
