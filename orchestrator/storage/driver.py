"""The name of the process that drives a sweep, and whether a driver of this machine has ended.

A driver is named `<host>/<process>/<second it started>`. A host is a machine's name, its process
namespace and its boot. The namespace is there because containers may share a name and yet not see
each other's processes. The boot is there because machines may share name and namespace: outside of
containers, all namespaces have the same number.
"""

import os
import platform
import re
from pathlib import Path

import psutil

START_TOLERANCE_S = 2.0
"""How much start times may differ: they depend on the machine's clock, which may be adjusted."""

BOOT_DIGITS = 8


def this_driver() -> str:
    """Return the name of this process."""
    return f"{_this_host()}/{os.getpid()}/{psutil.Process().create_time():.0f}"


def is_dead_here(driver: str) -> bool:
    """Whether a driver was a process of this machine and has ended."""
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
