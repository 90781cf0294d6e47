from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.cluster.gpu_kinds import choose_kinds, divide_slots, gpu_kinds_of, session_on
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.packing import Capacity, Measured
from orchestrator.cluster.session import TrainingSession
from orchestrator.errors import ClusterError
from reports.ledger.probe import architecture_of
from tests.orchestrator.probe_factory import make_assignment, make_probe

ON_CLUSTER = Machines("auto")


def node(*, kind: str | None = None, gpus: int = 1, alive: bool = True) -> Mapping[str, Any]:
    """Describe a machine as Ray does; without GPUs, as it is on the head."""
    resources = {"CPU": 8.0, "GPU": float(gpus)} if gpus else {"CPU": 8.0}
    of_kind = {} if kind is None else {f"accelerator_type:{kind}": 1.0}
    return {"Alive": alive, "Resources": resources | of_kind}


HEAD = node(gpus=0)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([HEAD, node(kind="T4"), node(kind="A100"), node(kind="A100")], ("A100", "T4")),
        ([HEAD, node(kind="A100"), node(kind="A100")], (None,)),
        ([HEAD, node(kind="A100"), node(kind="T4", alive=False)], (None,)),
        ([HEAD, node(kind="A100"), node(kind="TPU-V4", gpus=0)], (None,)),
        ([node(), node()], (None,)),  # of one kind that Ray does not know
        ([HEAD], (None,)),
        ([], (None,)),  # a cluster that has yet to grow
    ],
)
def test_kinds_of_gpu_are_named_where_there_are_several(
    nodes: list[Mapping[str, Any]], expected: tuple[str | None, ...]
) -> None:
    assert gpu_kinds_of(nodes, ON_CLUSTER) == expected
    assert gpu_kinds_of(nodes, Machines("auto", "cpu")) == (None,)


def test_gpus_of_which_some_have_no_name_are_refused() -> None:
    expected = (
        r"the kind of some GPUs \(A100, T4\), but not of others; .*: "
        r"""ray start --resources '{"accelerator_type:NAME": 1}'$"""
    )
    with pytest.raises(ClusterError, match=expected):
        gpu_kinds_of([node(kind="T4"), node(kind="A100"), node()], ON_CLUSTER)


def test_session_is_narrowed_to_a_kind_alone(tmp_path: Path) -> None:
    session = TrainingSession(tmp_path, ON_CLUSTER, cast(Any, "leases"), cast(Any, "signals"))
    assert session_on(session, None) is session
    narrowed = session_on(session, "T4")
    assert narrowed.machines == ON_CLUSTER._replace(gpu_kind="T4")
    assert (narrowed.storage, narrowed.leases) == (session.storage, session.leases)


def capacity(gpu_kind: str | None, num_devices: int = 1, num_cores: int = 8) -> Capacity:
    return Capacity(True, num_devices, 40_000.0, num_cores, gpu_kind=gpu_kind)


@pytest.mark.parametrize(
    ("num_devices", "most", "expected"),
    [
        ((8, 1), None, [None, None]),
        ((8, 1), 33, [None, None]),  # 8 x 4 and 1 x 1 places
        ((8, 1), 20, [19, 1]),
        ((2, 8), 8, [4, 4]),
        ((8, 1), 1, [1, 1]),  # else what fits one kind alone could have no place
        ((3,), 7, [7]),
    ],
)
def test_slots_are_divided_among_kinds_by_their_places(
    num_devices: Sequence[int], most: int | None, expected: list[int | None]
) -> None:
    kinds = ("A100", "T4")[: len(num_devices)]
    capacities = [capacity(kind, num) for kind, num in zip(kinds, num_devices, strict=True)]
    shares = {"a": [Share(2, 1.0, "A100")], "b": [Share(4, 1.0, "A100"), Share(1, 1.0, "T4")]}
    assert divide_slots(capacities, shares, most) == expected


class Lab:
    """Trials that were measured on kinds of GPU, of each one that differs in depth."""

    def __init__(
        self, seconds: Sequence[Mapping[str, float]], capacities: Sequence[Capacity]
    ) -> None:
        """Measure trials; each takes so many seconds, by kind, where it fits."""
        self.assignments = [make_assignment(depth, 0) for depth in range(1, len(seconds) + 1)]
        of_trials = list(zip(self.assignments, seconds, strict=True))
        self.kinds = [
            Measured(
                one,
                {
                    architecture_of(a.trial): make_probe(a.trial, lasting[one.gpu_kind])
                    for a, lasting in of_trials
                    if one.gpu_kind is not None and one.gpu_kind in lasting
                },
            )
            for one in capacities
        ]
        self.seconds = {a.trial.key: lasting for a, lasting in of_trials}

    def choose(
        self, num_at_once: Mapping[str, int], slots: Sequence[int | None] | None = None
    ) -> list[str | None]:
        """Choose the kind of each trial."""
        shares = {
            key: [Share(num_at_once[kind], 1000.0, kind) for kind in lasting]
            for key, lasting in self.seconds.items()
        }
        slots = slots or [None] * len(self.kinds)
        chosen = choose_kinds(self.assignments, self.kinds, shares, slots)
        return [chosen[a.trial.key].gpu_kind for a in self.assignments]


TWO = (capacity("A100"), capacity("T4"))
ALONE = {"A100": 1, "T4": 1}


def test_trial_that_fits_one_kind_waits_for_it() -> None:
    lab = Lab([{"A100": 50.0}, {"A100": 40.0, "T4": 300.0}, {"A100": 30.0}], TWO)
    assert lab.choose(ALONE) == ["A100"] * 3


def test_longest_trials_choose_first_and_each_goes_where_it_ends_first() -> None:
    lasting = [{"A100": s, "T4": 3 * s} for s in (40.0, 30.0, 20.0, 10.0)]
    # 40 s on the A100 until 40; 30 s until 70 (on the T4 until 90); 20 s on the T4 until 60,
    # 10 s on the A100 until 80 (on the T4 until 90)
    assert Lab(lasting, TWO).choose(ALONE) == ["A100", "A100", "T4", "A100"]


def test_slow_kind_takes_nothing_where_all_end_sooner_elsewhere() -> None:
    lab = Lab([{"A100": 10.0, "T4": 100.0}] * 4, TWO)
    assert lab.choose(ALONE) == ["A100"] * 4


def test_trials_that_share_a_gpu_start_at_once() -> None:
    lab = Lab([{"A100": 10.0, "T4": 15.0}] * 6, TWO)
    # Four on the A100 until 10, one on the T4 until 15, one after the first four until 20.
    assert sorted(cast(list[str], lab.choose({"A100": 4, "T4": 1}))) == ["A100"] * 5 + ["T4"]


def test_slots_of_a_kind_bound_what_it_takes_at_once() -> None:
    lab = Lab([{"A100": 10.0, "T4": 15.0}] * 4, TWO)
    assert lab.choose({"A100": 4, "T4": 4}) == ["A100"] * 4
    assert lab.choose({"A100": 4, "T4": 4}, [1, 2]).count("T4") == 2


def ends_by_kind(lasting: Sequence[Mapping[str, float]], kinds: Sequence[str]) -> float:
    """Return when all have ended, one after the other on each kind."""
    ends = dict.fromkeys(("A100", "T4"), 0.0)
    for one, kind in zip(lasting, kinds, strict=True):
        ends[kind] += one[kind]
    return max(ends.values())


def test_choice_is_close_to_the_best_of_all() -> None:
    random, ratios = Random(0), []
    for _ in range(30):
        lasting = [
            {"A100": s, "T4": s * random.uniform(1, 5)}
            for s in (random.uniform(10, 100) for _ in range(8))
        ]
        chosen = cast(list[str], Lab(lasting, TWO).choose(ALONE))
        best = min(ends_by_kind(lasting, one) for one in product(("A100", "T4"), repeat=8))
        ratios.append(ends_by_kind(lasting, chosen) / best)
    assert min(ratios) >= 1 - 1e-9
    assert max(ratios) < 1.5
    assert sum(ratios) / len(ratios) < 1.15


def test_many_trials_are_divided_by_how_many_each_kind_does_in_a_time() -> None:
    one: list[Assignment] = [make_assignment(1, seed) for seed in range(3000)]
    probes = {architecture_of(one[0].trial): make_probe(one[0].trial, 10.0)}
    kinds = [
        Measured(capacity("A100", 64, 8), probes),
        Measured(capacity("T4", 64, 8), probes),
    ]
    shares = {a.trial.key: [Share(7, 1.0, "A100"), Share(5, 1.0, "T4")] for a in one}
    chosen = choose_kinds(one, kinds, shares, [None, None])
    on_a100 = sum(share.gpu_kind == "A100" for share in chosen.values())
    assert on_a100 == pytest.approx(3000 * 7 / 12, rel=0.05)
