"""A disk that fills up in the middle of a sweep: the real command, on a real small disk."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.mount_namespace import WHY_NOT, in_mount_namespace
from tests.orchestrator.factories import write_study_file
from tests.orchestrator.failing_storage import fill, free
from tests.running import (
    COMMAND,
    NUM_TRIALS,
    call,
    end,
    make_workplace,
    record_times,
    results,
    sweep,
    wait_for,
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]

FULL_S = 8
"""Longer than a trial of four epochs takes, shorter than one waits to write its record."""

SETTLE_S = 3
"""A record whose bytes were on the disk before it was full may still get its name."""


class SmallDisk(NamedTuple):
    """A mounted disk: where commands of its namespace see it, and where this process does."""

    inside: Path
    outside: Path
    enter: tuple[str, ...]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Mount a disk of 128 MiB in a namespace of its own, which ends with the test."""
    place = tmp_path / "disk"
    place.mkdir()
    script = f"mount -t tmpfs -o size=128m tmpfs {place} && echo mounted && exec cat"
    holder = subprocess.Popen(
        in_mount_namespace(["sh", "-c", script]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mounted\n"
        root = Path(f"/proc/{holder.pid}/root")
        yield SmallDisk(
            inside=place,
            outside=root / place.relative_to("/"),
            enter=("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--"),
        )
    finally:
        holder.communicate(timeout=60)


def test_sweep_outlasts_a_disk_that_is_full_for_a_while(
    tmp_path: Path, small_disk: SmallDisk
) -> None:
    workplace = make_workplace(tmp_path)
    study = write_study_file(workplace / "study.py", max_epochs=4)
    shutil.copytree(workplace / "base", workplace / "whole")
    call(*sweep(study, workplace / "whole"), cwd=workplace)
    storage = small_disk.outside
    shutil.copytree(workplace / "base", storage, dirs_exist_ok=True)
    tracking = ("--tracking-uri", f"sqlite:///{workplace}/mlflow.db")
    arguments = sweep(study, small_disk.inside, *tracking)
    command = [*small_disk.enter, str(COMMAND), *map(str, arguments)]
    process = subprocess.Popen(command, cwd=workplace)
    try:
        wait_for(lambda: len(record_times(storage)) >= 1)
        fill(storage)
        time.sleep(SETTLE_S)
        finished = record_times(storage)
        until = time.monotonic() + FULL_S
        wait_for(lambda: time.monotonic() > until)
        assert record_times(storage) == finished
        free(storage)
        assert process.wait(300) == 0
    finally:
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait(60)
            end(family)
    found = record_times(storage)
    assert len(found) == NUM_TRIALS
    assert {key: found[key] for key in finished} == finished
    assert results(storage) == results(workplace / "whole")
    assert not list(storage.glob("trials/*/.*.partial"))
