import random
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from benchmarks.trouble.command import in_fork, load_commands
from benchmarks.trouble.crash_points import STOPPED, Point, stopping_at
from benchmarks.trouble.crash_sweep import count_changes, inject
from benchmarks.trouble.laid_storage import lay_workplace
from reports.ledger.files import create_once, write_atomically

NUM_POINTS = 6


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
