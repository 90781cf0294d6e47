import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.storage.driver import host_of, this_driver
from orchestrator.storage.leases import RELEASED, Leases
from orchestrator.storage.objects import FolderStore, ObjectStore

KEY = "0123"
DEAD_HERE = f"{host_of(this_driver())}:999999999:1"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FailingStore(FolderStore):
    """A folder that cannot be reached while `fails`; its answers get lost while `loses_answers`."""

    fails = False
    loses_answers = False
    num_calls = 0

    def create(self, name: str, content: bytes) -> bool:
        self.check()
        created = super().create(name, content)
        if self.loses_answers:
            raise OSError("timed out")
        return created

    def write(self, name: str, content: bytes) -> None:
        self.check()
        super().write(name, content)

    def read(self, name: str) -> bytes | None:
        self.check()
        return super().read(name)

    def remove(self, name: str) -> None:
        self.check()
        super().remove(name)

    def names(self, below: str) -> list[str]:
        self.check()
        return super().names(below)

    def check(self) -> None:
        self.num_calls += 1
        if self.fails:
            raise OSError("not there")


@pytest.fixture
def store(tmp_path: Path) -> FailingStore:
    return FailingStore(tmp_path)


def leases_of(
    store: ObjectStore, driver: str, clock: Callable[[], float] | None = None, **settings: float
) -> Leases:
    return Leases(store, driver=driver, clock=clock or Clock(), **settings)


def test_lease_is_one_drivers_until_it_is_released(store: FailingStore) -> None:
    ours, theirs = leases_of(store, "a:1:1"), leases_of(store, "b:1:1")
    assert ours.is_free(KEY)
    assert ours.take(KEY)
    assert ours.take(KEY)  # again, after its process was lost
    assert ours.is_free(KEY)
    assert not theirs.is_free(KEY)
    assert not theirs.take(KEY)
    ours.release(KEY)
    assert theirs.is_free(KEY)
    assert theirs.take(KEY)
    assert not ours.take(KEY)
    assert store.names("trials") == [f"trials/{KEY}/lease-1", f"trials/{KEY}/lease-2"]
    assert store.read(f"trials/{KEY}/lease-1") == RELEASED
    assert store.read(f"trials/{KEY}/lease-2") == b"b:1:1"
    ours.release(KEY)  # which is not its own any more
    assert not ours.is_free(KEY)


def test_other_files_of_a_trial_are_no_leases(store: FailingStore) -> None:
    for name in ("record.json", "lease-old", "lease-7.tmp", "7"):
        store.write(f"trials/{KEY}/{name}", b"b:1:1")
    assert leases_of(store, "a:1:1").take(KEY)
    assert store.read(f"trials/{KEY}/lease-1") == b"a:1:1"


def test_leases_of_a_finished_trial_are_removed(store: FailingStore) -> None:
    first, second = leases_of(store, "a:1:1"), leases_of(store, "b:1:1")
    first.take(KEY)
    first.release(KEY)
    second.take(KEY)
    first.drop(KEY)  # which is not its own any more
    assert len(store.names("trials")) == 2
    second.drop(KEY)
    assert store.names("trials") == []


def test_silent_driver_loses_its_lease_after_its_length(store: FailingStore) -> None:
    clock = Clock()
    silent, ours = leases_of(store, "a:1:1"), leases_of(store, "b:1:1", clock, lease_s=60)
    silent.take(KEY)
    store.write("drivers/a:1:1", b"7")
    for clock.now in (0, 30, 59):
        assert not ours.take(KEY)
    store.write("drivers/a:1:1", b"8")  # it lives
    for clock.now in (60, 119):
        assert not ours.take(KEY)
    clock.now = 120
    assert ours.is_free(KEY)
    assert ours.take(KEY)
    assert not silent.take(KEY)


def test_driver_that_was_out_of_reach_is_not_taken_for_silent(store: FailingStore) -> None:
    clock = Clock()
    theirs, ours = leases_of(store, "a:1:1"), leases_of(store, "b:1:1", clock, lease_s=60)
    theirs.take(KEY)
    assert not ours.take(KEY)
    store.fails, clock.now = True, 50
    with pytest.raises(OSError, match="not there"):
        ours.take(KEY)
    with pytest.raises(OSError, match="not there"):
        ours.is_free(KEY)
    store.fails, clock.now = False, 70  # it could not write its counter either
    assert not ours.take(KEY)
    clock.now = 130
    assert ours.take(KEY)


def test_dead_driver_of_this_machine_loses_its_lease_at_once(store: FailingStore) -> None:
    assert leases_of(store, DEAD_HERE).take(KEY)
    assert leases_of(store, "b:1:1").take(KEY)


def test_driver_lives_until_it_is_known_to_be_dead(store: FailingStore) -> None:
    clock = Clock()
    ours = leases_of(store, "b:1:1", clock, lease_s=60)
    for driver in (DEAD_HERE, "a:1:1", "b:1:1"):
        store.write(f"drivers/{driver}", b"1")
    store.write(f"trials/{KEY}/lease-1", b"c:1:1")  # not a driver that shows life
    assert ours.living() == ["a:1:1", "b:1:1"]
    clock.now = 60
    store.write("drivers/b:1:1", b"2")
    assert ours.living() == ["b:1:1"]
    store.fails, clock.now = True, 70
    with pytest.raises(OSError, match="not there"):
        ours.living()
    store.fails = False
    assert ours.living() == ["a:1:1", "b:1:1"]  # it could not write its counter either


def test_one_of_many_takes_over(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    leases_of(store, DEAD_HERE).take(KEY)
    drivers = [leases_of(store, f"host:{number}:1") for number in range(16)]
    together, taken = threading.Barrier(len(drivers)), []

    def take(driver: Leases) -> None:
        together.wait()
        taken.append(driver.take(KEY))

    threads = [threading.Thread(target=take, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 15 + [True]


def test_lease_whose_answer_was_lost_is_ours_and_nobody_elses(store: FailingStore) -> None:
    ours, theirs = leases_of(store, "a:1:1"), leases_of(store, "b:1:1")
    store.loses_answers = True
    with pytest.raises(OSError, match="timed out"):
        ours.take(KEY)
    store.loses_answers = False
    assert not theirs.take(KEY)
    assert ours.take(KEY)
    assert store.names("trials") == [f"trials/{KEY}/lease-1"]


def test_open_leases_show_life_and_leave_nothing_held(store: FailingStore) -> None:
    with Leases(store, driver="a:1:1", beat_s=0.01) as ours:
        ours.take(KEY)
        seen: set[bytes | None] = set()
        while len(seen) < 3:
            seen.add(store.read("drivers/a:1:1"))
        hearts = [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
        assert {heart.daemon for heart in hearts} == {True}  # it keeps no process alive
    assert store.names("drivers") == []
    assert store.read(f"trials/{KEY}/lease-1") == RELEASED


@pytest.mark.parametrize(("lease_s", "left"), [(60, ["elsewhere:1:1"]), (0.01, [])])
def test_counters_of_dead_drivers_are_removed_and_those_elsewhere_after_a_lease(
    store: FailingStore, lease_s: float, left: list[str]
) -> None:
    for driver in (DEAD_HERE, "elsewhere:1:1"):
        store.write(f"drivers/{driver}", b"1")
        store.write(f"sweeps/{driver}.json", b"{}")
    expected = ["drivers/a:1:1", *(f"drivers/{driver}" for driver in left)]
    expected += [f"sweeps/{driver}.json" for driver in left]
    with Leases(store, driver="a:1:1", beat_s=0.001, lease_s=lease_s):
        deadline = time.monotonic() + 20
        while (names := store.names("drivers") + store.names("sweeps")) != expected:
            assert time.monotonic() < deadline, names


def test_store_that_fails_ends_nothing(store: FailingStore) -> None:
    with Leases(store, driver="a:1:1", beat_s=0.01) as ours:
        ours.take(KEY)
        ours.take("other")
        store.fails = True
        ours.release(KEY)
        ours.drop("other")
    store.fails = False
    assert store.read(f"trials/{KEY}/lease-1") == b"a:1:1"  # until its driver is seen to be dead


def test_end_does_not_wait_for_a_silent_store_more_than_once(store: FailingStore) -> None:
    with Leases(store, driver="a:1:1", beat_s=60) as ours:
        for number in range(5):
            ours.take(str(number))
        while not store.names("drivers"):  # the one beat is written
            pass
        store.fails, store.num_calls = True, 0
    assert store.num_calls == 1


def test_heart_survives_errors_that_are_not_of_the_store(
    store: FailingStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written = threading.Event()
    answers = iter([ValueError("half an answer"), OSError("timed out")])

    def write(name: str, content: bytes) -> None:
        problem = next(answers, None)
        if problem is not None:
            raise problem
        written.set()

    monkeypatch.setattr(store, "write", write)
    with Leases(store, driver="a:1:1", beat_s=0.01):
        assert written.wait(20)
    assert "half an answer" in caplog.text
    assert "timed out" not in caplog.text


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a/1/1\x00"])
def test_damaged_lease_holds_nothing(store: FailingStore, content: bytes) -> None:
    leases_of(store, "a/1/1").take(KEY)
    store.write(f"trials/{KEY}/lease-1", content)
    ours = leases_of(store, "b/1/1")
    assert ours.is_free(KEY)
    assert ours.take(KEY)
    assert not leases_of(store, "c/1/1").take(KEY)
