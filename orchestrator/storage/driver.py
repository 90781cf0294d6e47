"""Which process drives a sweep, and whether a driver of this machine is no more.

A driver is named `<host>/<process>/<second it started>`. A host is a machine's name, its process
namespace (containers that share the name do not see each other's processes) and its boot: machines
may share name and namespace, which is the same number outside of containers.
"""

import os
import platform
import re
from pathlib import Path

import psutil

START_TOLERANCE_S = 2.0
"""The time a process started is worked out from the machine's clock, which is set now and then."""

BOOT_DIGITS = 8


def this_driver() -> str:
    """Return the name of this process."""
    return f"{_this_host()}/{os.getpid()}/{psutil.Process().create_time():.0f}"


def is_dead_here(driver: str) -> bool:
    """Whether a driver was a process of this machine that is no more."""
    named = re.fullmatch(r"(.+)/(\d+)/(\d+)", driver)
    if named is None or named[1] != _this_host():
        return False
    try:
        process = psutil.Process(int(named[2]))
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(process.create_time() - int(named[3])) > START_TOLERANCE_S
    except psutil.NoSuchProcess:
        return True


def _this_host() -> str:
    namespace = Path("/proc/self/ns/pid").readlink().name  # pid:[4026531836]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    return f"{platform.node()}-{namespace.strip('pid:[]')}-{boot[:BOOT_DIGITS]}"
