"""The private memory of this process, as Linux reports it (proc(5)).

Pages of mapped files, such as the corpus and the libraries, do not count: a machine holds them once
for all its processes, and the kernel drops them when it needs memory.
"""

import re
import threading
import time
from functools import cache
from pathlib import Path
from weakref import WeakSet

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_PEAK = "5"

LOOK_S = 0.1


def read_status() -> dict[str, float]:
    """Read the sizes of this process, in MiB: `VmData`, `RssAnon` and others.

    Raises:
        OSError: If this system does not report them.
    """
    found = re.findall(r"^(\w+):\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    sizes = {name: int(kib) / 1024 for name, kib in found}
    if not {"RssAnon", "RssFile", "RssShmem", "VmData", "VmHWM"} <= sizes.keys():
        raise OSError(
            f"'{STATUS}' does not report the private memory of this process, as Linux does since "
            "4.5; use --no-measure, which caps no memory"
        )
    return sizes


def private_mib(sizes: dict[str, float]) -> float:
    """Return the resident memory that belongs to no file."""
    return sizes["RssAnon"] + sizes["RssShmem"]


class PeakMemory:
    """The peak of this process's private memory since this object was made.

    The kernel knows the peak of all resident memory, including files, but not of private memory. So
    a thread looks ten times a second, subtracts the files from that peak, and resets the peak in
    the kernel. A peak between two looks may be reported too low, at most by the pages of files that
    were first touched, or dropped, between the two.
    """

    def __init__(self) -> None:
        self.most_mib = 0.0
        _watch().add(self)

    def read_mib(self) -> float | None:
        """Return the peak until now; None if the kernel does not report it."""
        return round(self.most_mib, 1) if _watch().look() else None


class _Watch:
    """Updates all `PeakMemory` objects of this process that still exist."""

    def __init__(self) -> None:
        self._peaks: WeakSet[PeakMemory] = WeakSet()
        self._lock = threading.Lock()
        self._files_mib = 0.0
        threading.Thread(target=self._look_on, daemon=True).start()

    def add(self, peak: PeakMemory) -> None:
        self.look()  # earlier peaks do not count for it
        with self._lock:
            self._peaks.add(peak)

    def look(self) -> bool:
        """Raise the peaks to the peak since the last look; return whether that is known."""
        with self._lock:
            try:
                sizes = read_status()
                CLEAR_REFS.write_text(FORGET_PEAK)
            except OSError:
                return False
            files_mib = max(self._files_mib, sizes["RssFile"])
            self._files_mib = sizes["RssFile"]
            for peak in self._peaks:
                peak.most_mib = max(peak.most_mib, private_mib(sizes), sizes["VmHWM"] - files_mib)
        return True

    def _look_on(self) -> None:
        while True:
            time.sleep(LOOK_S)
            if self._peaks:
                self.look()


@cache
def _watch() -> _Watch:
    return _Watch()
