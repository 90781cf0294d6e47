import errno
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from benchmarks.trouble.command import in_fork, load_commands
from benchmarks.trouble.crash_points import STOPPED, Point, stopping_at
from benchmarks.trouble.crash_sweep import count_changes, inject
from benchmarks.trouble.failing_sweep import in_preloaded_process
from benchmarks.trouble.laid_storage import lay_workplace
from benchmarks.trouble.shim import CHANGING, WHY_NOT, Shim, Trouble
from benchmarks.trouble.sweeps.aftermath import Finished
from benchmarks.trouble.sweeps.real_sweep import most_epochs_again
from benchmarks.trouble.sweeps.slow_study import NUM_BATCHES, NUM_EPOCHS, TRACES
from reports.ledger.files import create_once, write_atomically

NUM_POINTS = 6
NUM_STORAGES = 3


def write_two(folder: Path) -> None:
    write_atomically(folder / "a", b"new")
    create_once(folder / "b", b"once")


def test_changes_of_a_storage_are_counted_and_others_are_not(tmp_path: Path) -> None:
    storage, other = tmp_path / "storage", tmp_path / "other"
    changes = count_changes(storage, lambda: write_two(storage))
    assert [name for name in changes if name != "mkdir"] == [
        *("create", "fsync", "replace", "unlink"),
        *("create", "fsync", "link", "unlink"),
    ]
    assert set(count_changes(storage, lambda: write_two(other))) == {"fsync"}


def stop_and_write(point: Point, folder: Path) -> None:
    with stopping_at(point, folder, []):
        write_two(folder)


def test_process_stopped_at_any_change_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    num_changes = len(count_changes(tmp_path, lambda: write_two(tmp_path)))
    for place, point in enumerate(product(range(num_changes), (False, True))):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / "a").write_bytes(b"old")
        assert in_fork(partial(stop_and_write, Point(*point), folder)).code == STOPPED, point
        assert (folder / "a").read_bytes() in (b"old", b"new")
        assert not (folder / "b").exists() or (folder / "b").read_bytes() == b"once"


@pytest.mark.slow
def test_sweep_stopped_at_a_change_of_its_storage_goes_on_without_loss(tmp_path: Path) -> None:
    """`python -m benchmarks.faults` stops it at each; here some are drawn."""
    place = lay_workplace(tmp_path)
    load_commands()
    faults = list(inject(place, random.Random(0), NUM_POINTS))
    assert len(faults) == NUM_POINTS
    assert not [one for one in faults if one.lost or one.repeated or one.differing]


def test_epochs_that_are_trained_again_are_counted(tmp_path: Path) -> None:
    traces = tmp_path / TRACES
    traces.mkdir()
    whole, epoch = "." * NUM_BATCHES * NUM_EPOCHS, "." * NUM_BATCHES
    (traces / "undisturbed").write_text(f"\n{whole}")
    assert most_epochs_again(tmp_path / "storage") == 0
    (traces / "begun thrice").write_text(f"\n{epoch}{epoch}\n{epoch}\n{whole}")
    assert most_epochs_again(tmp_path / "storage") == 1.5


def test_lost_and_repeated_trials_are_counted(tmp_path: Path) -> None:
    files = [tmp_path / "trials" / key / "record.json" for key in "abc"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()
    finished = Finished.now(tmp_path)
    assert (finished.lost(), finished.repeated()) == (0, 0)
    files[0].unlink()
    os.utime(files[1], ns=(0, 0))
    assert (finished.lost(), finished.repeated()) == (1, 1)


needs_compiler = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
CHANGE = """
import os, pathlib, sys, time
os.chdir(sys.argv[1])
for change in (
    lambda: pathlib.Path("a").write_text("a"),
    lambda: os.rename("a", "b"),
    lambda: pathlib.Path("b").read_text(),
    lambda: int(time.time()),
):
    try:
        print(change())
    except OSError as error:
        print(error.strerror)
"""


def change_below(
    folder: Path, shim: Shim, below: Path, trouble: Trouble, seed: int = 0
) -> list[str]:
    """Write, rename and read a file, and tell the time, in a process below the library."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-S", "-c", CHANGE, str(folder)]
    with shim.trouble(trouble, seed):
        done = subprocess.run(
            command, env=os.environ | shim.environment(below), capture_output=True, text=True
        )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


@needs_compiler
def test_calls_fail_below_a_folder_and_nowhere_else(tmp_path: Path) -> None:
    shim, below = Shim.built(tmp_path), tmp_path / "below"
    full = Trouble(("write", "rename"), errno.ENOSPC)
    wrote = change_below(below, shim, below, full)
    assert wrote[:2] == ["No space left on device"] * 2
    assert change_below(tmp_path / "other", shim, below, full)[:3] == ["1", "None", "a"]
    counts = shim.counts()
    assert {name for name, number in counts.items() if number} == {"write", "rename"}


@needs_compiler
def test_change_can_be_made_although_its_call_fails(tmp_path: Path) -> None:
    shim, below = Shim.built(tmp_path), tmp_path / "below"
    lost = Trouble(("rename",), errno.EIO, is_done=True)
    assert change_below(below, shim, below, lost)[:3] == ["1", "Input/output error", "a"]


@needs_compiler
def test_clock_is_wrong_only_for_python(tmp_path: Path) -> None:
    shim = Shim.built(tmp_path)
    told = change_below(tmp_path / "below", shim, tmp_path, Trouble(clock_offset_s=-86400))
    assert int(told[3]) - time.time() == pytest.approx(-86400, abs=60)


@needs_compiler
def test_calls_that_are_hit_follow_from_the_seed(tmp_path: Path) -> None:
    shim, below = Shim.built(tmp_path), tmp_path / "below"
    half = Trouble(CHANGING, errno.EIO, per_10000=5000)
    found = [change_below(below, shim, below, half, seed)[:3] for seed in (1, 1, 2, 3, 4, 5, 6, 7)]
    assert found[0] == found[1]
    assert len({*map(tuple, found)}) > 1


@needs_compiler
def test_signal_comes_before_a_call(tmp_path: Path) -> None:
    shim, below = Shim.built(tmp_path), tmp_path / "below"
    killed = Trouble(("rename",), signum=signal.SIGKILL)
    with pytest.raises(AssertionError):
        change_below(below, shim, below, killed)
    assert [path.name for path in below.iterdir()] == ["a"]


@needs_compiler
@pytest.mark.slow
def test_sweep_whose_calls_fail_goes_on_without_loss(tmp_path: Path) -> None:
    """`python -m benchmarks.faults --kind calls` has more kinds; here EIO and ENOSPC."""
    storages = list(in_preloaded_process(lay_workplace(tmp_path), NUM_STORAGES, seed=0))
    assert [one for one in storages if not one.is_good] == []
    assert len(storages) == NUM_STORAGES
    assert sum(one.num_injected for one in storages) > NUM_STORAGES
