import threading
from pathlib import Path

import pytest

from orchestrator.cluster.assignment import Share
from orchestrator.cluster.machines import (
    MAX_REQUESTED,
    NUM_WITHOUT_PLACE,
    Device,
    Machines,
    count_requested,
    resources_of_trial,
)
from orchestrator.errors import ClusterError
from orchestrator.storage.patience import Patience
from orchestrator.storage.reach import UnreachedStorageError, reach_storage
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config

CPU, GPU = {"cpu": 1.0}, {"cpu": 1.0, "gpu": 1.0}
TRIAL = Trial(
    config=small_config(), corpus=CorpusRef(name="mine", recipe="le", fingerprint="f"), seed=0
)
BRIEF = Patience(first_pause_s=0.01, start_s=0.05)


@pytest.mark.parametrize(
    ("device", "num_gpus", "resources"),
    [
        ("auto", 0, CPU),
        ("auto", 2, GPU),
        ("cpu", 2, CPU),
        ("gpu", 2, GPU),
    ],
)
@pytest.mark.parametrize("address", [None, "auto"])
def test_trial_takes_a_gpu_where_there_is_one_and_it_may(
    device: Device, num_gpus: int, resources: dict[str, float], address: str | None
) -> None:
    there = {"CPU": 8.0, "GPU": float(num_gpus)} if num_gpus else {"CPU": 8.0}
    assert resources_of_trial(Machines(address, device), there) == resources


def test_cluster_may_get_the_gpus_that_it_lacks() -> None:
    assert resources_of_trial(Machines("auto", "gpu"), {"CPU": 2.0}) == GPU


def test_gpu_that_this_machine_lacks_is_told() -> None:
    with pytest.raises(ClusterError, match="this machine has no usable GPU"):
        resources_of_trial(Machines(device="gpu"), {"CPU": 8.0})


@pytest.mark.parametrize(
    ("num_gpus", "num_at_once", "resources"),
    [
        (0, 3, {"cpu": 1.0, "memory": 1000 * 2**20}),
        (2, 4, {"cpu": 1.0, "gpu": 0.25}),
        (2, 3, {"cpu": 1.0, "gpu": 0.3333}),
        (2, 7, {"cpu": 1.0, "gpu": 0.1428}),
    ],
)
def test_trial_with_a_share_takes_a_part_of_the_device(
    num_gpus: int, num_at_once: int, resources: dict[str, float]
) -> None:
    there = {"CPU": 8.0, "GPU": float(num_gpus)}
    assert resources_of_trial(Machines(), there, Share(num_at_once, 1000.0)) == resources


def test_trial_asks_for_the_kind_of_its_gpu_where_there_are_several() -> None:
    there, of_kind = {"CPU": 8.0, "GPU": 2.0}, {"accelerator_type:A100": 0.001}
    share = Share(4, 1000.0, "A100")
    trained = resources_of_trial(Machines("auto"), there, share)
    assert trained == {"cpu": 1.0, "gpu": 0.25} | of_kind
    measured = resources_of_trial(Machines("auto", gpu_kind="A100"), there)
    assert measured == {"cpu": 1.0, "gpu": 1.0} | of_kind


@pytest.mark.parametrize(("num_slots", "expected"), [(3, 3), (9, 8), (None, 8 + NUM_WITHOUT_PLACE)])
def test_trial_of_a_kind_waits_for_no_place_where_slots_are_limited(
    num_slots: int | None, expected: int
) -> None:
    there = {"CPU": 64.0, "GPU": 2.0, "accelerator_type:A100": 1.0}
    machines = Machines("auto", num_slots=num_slots)
    takes = resources_of_trial(machines, there, Share(4, 1000.0, "A100"))
    assert count_requested(machines, there, takes, 99) == expected
    where_there_is_none = count_requested(machines, {}, takes, 99)
    assert where_there_is_none == (0 if num_slots else NUM_WITHOUT_PLACE)


@pytest.mark.parametrize(
    ("machines", "there", "resources", "num_missing", "expected"),
    [
        (Machines(), {"CPU": 8.0}, CPU, 100, 8),
        (Machines(), {"CPU": 8.0, "GPU": 2.0}, GPU, 100, 2),
        (Machines(), {"CPU": 1.0, "GPU": 2.0}, GPU, 100, 1),
        (Machines(num_slots=3), {"CPU": 8.0}, CPU, 100, 3),
        (Machines(num_slots=3), {"CPU": 3.0, "memory": 2.0}, {"cpu": 1.0, "memory": 1}, 100, 2),
        (Machines("auto"), {"CPU": 4.0}, GPU, 1000, 8),
        (Machines("auto"), {"CPU": 64.0, "GPU": 4.0}, GPU, 1000, 12),
        (Machines("auto"), {"CPU": 64.0, "GPU": 4.0}, GPU, 5, 5),
        (Machines("auto"), {"CPU": 640.0}, CPU, 1000, MAX_REQUESTED),
        (Machines("auto", num_slots=4), {}, GPU, 1000, 4),
        (Machines(), {"CPU": 8.0, "memory": 3.5}, {"cpu": 1.0, "memory": 1}, 100, 3),
        (Machines(), {"CPU": 8.0, "GPU": 2.0}, {"cpu": 1.0, "gpu": 0.3333}, 100, 6),
    ],
)
def test_cluster_is_asked_for_more_trials_than_it_has_places(
    machines: Machines,
    there: dict[str, float],
    resources: dict[str, float],
    num_missing: int,
    expected: int,
) -> None:
    assert count_requested(machines, there, resources, num_missing) == expected


def test_machine_that_does_not_see_the_storage_says_so(tmp_path: Path) -> None:
    corpus = tmp_path / "corpora" / "mine" / "le"
    missing = tmp_path / "no"
    with pytest.raises(
        UnreachedStorageError, match=f"machine '.+' does not reach '{missing}': there is no '"
    ):
        reach_storage(str(missing), TRIAL, patience=BRIEF)
    with pytest.raises(UnreachedStorageError, match=f"there is no '{corpus}'.*or use a bucket"):
        reach_storage(str(tmp_path), TRIAL, patience=BRIEF)


def test_storage_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    mount = threading.Timer(
        0.2, (tmp_path / "corpora" / "mine" / "le").mkdir, kwargs={"parents": True}
    )
    mount.start()
    try:
        patience = Patience(first_pause_s=0.01, longest_pause_s=0.1, start_s=30)
        assert reach_storage(str(tmp_path), TRIAL, patience=patience) == tmp_path
    finally:
        mount.join()
