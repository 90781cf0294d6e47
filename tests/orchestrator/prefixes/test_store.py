"""Stored maps: made once, by whoever comes first and survives; never removed while in use."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.prefixes import store as storing
from orchestrator.prefixes.store import DESCRIPTION_FILE, PrefixStore

FILES = {"train.maps": 1000}
Usage = namedtuple("Usage", ["total", "used", "free"])


def make(folder: Path) -> None:
    (folder / "train.maps").write_bytes(bytes(1000))
    (folder / DESCRIPTION_FILE).write_text("{}")


def never(folder: Path) -> None:
    raise AssertionError(f"'{folder}' is made again")


def stored(store: PrefixStore) -> set[str]:
    return {path.name for path in store.folder.iterdir() if path.is_dir()}


@pytest.fixture
def store(tmp_path: Path) -> PrefixStore:
    return PrefixStore(tmp_path)


@pytest.fixture
def with_space(monkeypatch: pytest.MonkeyPatch, store: PrefixStore) -> Callable[[int], None]:
    """Let the disk have space for maps of so many bytes, their descriptions apart."""

    def limit(num_bytes: int) -> None:
        monkeypatch.setattr(PrefixStore, "_limit_bytes", lambda _: num_bytes)

    return limit


def test_maps_are_made_once(store: PrefixStore) -> None:
    with store.holding("aa", FILES, make) as folder:
        assert (folder / "train.maps").stat().st_size == 1000
    with store.holding("aa", FILES, never) as again:
        assert again == folder
    assert stored(store) == {"aa"}


def test_files_have_their_sizes_before_they_are_filled(store: PrefixStore) -> None:
    seen = []

    def look(folder: Path) -> None:
        seen.append((folder / "train.maps").stat().st_size)
        make(folder)

    with store.holding("aa", FILES, look):
        assert seen == [1000]


def test_of_many_that_ask_at_once_one_makes_and_the_others_wait(store: PrefixStore) -> None:
    makers, holders = [], []

    def slowly(folder: Path) -> None:
        makers.append(threading.get_ident())
        time.sleep(0.3)
        make(folder)

    def ask() -> None:
        with store.holding("aa", FILES, slowly) as folder:
            holders.append((folder / DESCRIPTION_FILE).is_file())

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(makers) == 1
    assert holders == [True] * 6


def test_maker_that_fails_leaves_the_next_one_what_it_wrote(store: PrefixStore) -> None:
    def fail(folder: Path) -> None:
        (folder / "train.done").write_text("3")
        raise OSError("disk is gone")

    with pytest.raises(OSError, match="disk is gone"), store.holding("aa", FILES, fail):
        pass

    def go_on(folder: Path) -> None:
        assert (folder / "train.done").read_text() == "3"
        make(folder)

    with store.holding("aa", FILES, go_on):
        pass


KILLED = """
import sys, time
from pathlib import Path
from orchestrator.prefixes.store import PrefixStore

def make(folder):
    (folder / "train.done").write_text("3")
    print("making", flush=True)
    time.sleep(600)

with PrefixStore(Path(sys.argv[1])).holding("aa", {"train.maps": 1000}, make):
    pass
"""


def test_killed_maker_blocks_nobody_and_its_work_is_gone_on_with(
    store: PrefixStore, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "making\n"
        os.kill(maker.pid, signal.SIGKILL)
    found = []

    def go_on(folder: Path) -> None:
        found.append((folder / "train.done").read_text())
        make(folder)

    with store.holding("aa", FILES, go_on):
        assert found == ["3"]


def test_what_was_used_longest_ago_makes_room(
    store: PrefixStore, with_space: Callable[[int], None]
) -> None:
    for age_s, key in ((300, "aa"), (100, "bb"), (200, "cc")):
        with store.holding(key, FILES, make) as folder:
            pass
        os.utime(folder, (time.time() - age_s,) * 2)
    with store.holding("aa", FILES, never):  # now it is the one that was used last
        pass
    with_space(3500)
    with store.holding("dd", FILES, make):
        assert stored(store) == {"aa", "bb", "dd"}


def test_maps_in_use_are_never_removed(
    store: PrefixStore, with_space: Callable[[int], None]
) -> None:
    with store.holding("aa", FILES, make) as folder:
        with_space(1500)
        with pytest.raises(OSError, match="may take"), store.holding("bb", FILES, make):
            pass
        assert (folder / DESCRIPTION_FILE).is_file()
    with store.holding("bb", FILES, make):
        assert stored(store) == {"bb"}


def test_half_made_maps_of_a_dead_process_make_room(
    store: PrefixStore, with_space: Callable[[int], None]
) -> None:
    left = store.folder / "aa.other-host.partial"
    left.mkdir(parents=True)
    (left / "train.maps").write_bytes(bytes(1000))
    with_space(1500)
    with store.holding("bb", FILES, make):
        assert stored(store) == {"bb"}


def test_limit_is_a_share_of_what_the_disk_would_have_without_maps(
    store: PrefixStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storing.MAX_SHARE_OF_DISK == 0.5
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 100_000))
    assert store.takes("aa", 50_000)
    assert not store.takes("aa", 50_001)
    with store.holding("aa", FILES, make):
        assert store.takes("aa", 10**9)  # it is there
        space = 512 * sum(f.stat().st_blocks for f in (store.folder / "aa").iterdir())
        assert store.takes("bb", 50_000 + space // 2)
        assert not store.takes("bb", 50_001 + space // 2)


def test_of_two_machines_whose_locks_do_not_reach_each_other_the_first_counts(
    store: PrefixStore,
) -> None:
    def slower(folder: Path) -> None:
        make(folder)
        other = folder.with_name("aa")
        other.mkdir()
        make(other)

    with store.holding("aa", FILES, slower) as folder:
        assert (folder / DESCRIPTION_FILE).is_file()
    assert stored(store) == {"aa"}
