import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.storage.driver import host_of, is_dead_here, this_driver

NAME = "from orchestrator.storage.driver import this_driver; print(this_driver(), flush=True)"


def test_driver_of_this_process_is_alive_and_named_by_host_and_process() -> None:
    name = this_driver()
    host, process, _ = name.split(":")
    assert host == host_of(name)
    assert host.startswith(platform.node())
    assert int(process) == os.getpid()
    assert not is_dead_here(name)


def test_start_is_counted_from_the_boot_so_setting_the_clock_changes_no_name() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    name = subprocess.run([sys.executable, "-c", NAME], capture_output=True, text=True).stdout
    after = time.clock_gettime(time.CLOCK_BOOTTIME)
    ticks = int(name.rpartition(":")[2])
    assert before - 1 <= ticks / os.sysconf("SC_CLK_TCK") <= after


def test_machines_of_one_name_are_told_apart() -> None:
    """Outside of containers the process namespace has the same number on all of them."""
    host, _, boot = host_of(this_driver()).rpartition("-")
    assert Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").startswith(boot)
    assert len(boot) == 8
    assert not is_dead_here(f"{host}-another0:999999999:1")
    assert is_dead_here(f"{host}-{boot}:999999999:1")


def test_killed_driver_is_dead_here() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", f"{NAME}; import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert not is_dead_here(name)
        process.kill()
        deadline = time.monotonic() + 20
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
        assert is_dead_here(name)  # though nobody has collected it yet
    assert is_dead_here(name)


def test_process_that_took_the_number_of_a_dead_driver_is_another() -> None:
    host, process, started = this_driver().split(":")
    assert is_dead_here(f"{host}:{process}:{int(started) - 1}")


@pytest.mark.parametrize("name", ["elsewhere-1:1:1", "", "no driver", "a:b:c", "before-1/1/1"])
def test_nothing_is_known_of_drivers_elsewhere(name: str) -> None:
    assert not is_dead_here(name)
