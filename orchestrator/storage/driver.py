"""The name of the process that drives a sweep, and whether a driver of this machine has ended.

A driver is named `<host>:<process>:<start>`. A host is a machine's name, its process namespace and
its boot. The namespace is there because containers may share a name and yet not see each other's
processes. The boot is there because machines may share name and namespace: outside of containers,
all namespaces have the same number.

The start is counted in the kernel's clock ticks since the boot. A process keeps it whatever happens
to the machine's clock, which may be set while a driver works.
"""

import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

BOOT_DIGITS = 8
PROCESSES = Path("/proc")
ENDED_STATES = {"Z", "X"}
"""The kernel's letters for a process that has ended and was not collected yet."""

_NAME = re.compile(r"(.+):([0-9]{1,20}):([0-9]{1,20})")

STATE_FIELD, START_FIELD = 0, 19
"""The places of two fields behind the name in `/proc/<process>/stat` (proc_pid_stat(5))."""


class _Process(NamedTuple):
    """What the kernel says of a process: the letter of its state, and its start in ticks."""

    state: str
    start: int


def this_driver() -> str:
    """Return the name of this process."""
    return f"{_this_host()}:{os.getpid()}:{_look_at('self').start}"


def is_driver(name: str) -> bool:
    """Whether a name is that of a driver; other files may lie beside those of drivers."""
    return _NAME.fullmatch(name) is not None


def host_of(driver: str) -> str:
    """Return the host in a driver's name."""
    return driver.rsplit(":", 2)[0]


def is_dead_here(driver: str) -> bool:
    """Whether a driver was a process of this machine and has ended."""
    named = _NAME.fullmatch(driver)
    if named is None or named[1] != _this_host():
        return False
    try:
        process = _look_at(named[2])
    except (FileNotFoundError, ProcessLookupError):
        return True
    return process.state in ENDED_STATES or process.start != int(named[3])


def _look_at(process: str) -> _Process:
    """Read the state of a process.

    Raises:
        FileNotFoundError, ProcessLookupError: If there is no process of that number.
    """
    stat = (PROCESSES / process / "stat").read_text(encoding="utf-8", errors="replace")
    fields = stat.rpartition(")")[2].split()  # the name before may hold anything
    return _Process(fields[STATE_FIELD], int(fields[START_FIELD]))


def _this_host() -> str:
    namespace = (PROCESSES / "self/ns/pid").readlink().name  # pid:[4026531836]
    boot = (PROCESSES / "sys/kernel/random/boot_id").read_text(encoding="ascii")
    return f"{platform.node()}-{namespace.strip('pid:[]')}-{boot[:BOOT_DIGITS]}"
