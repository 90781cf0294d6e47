"""Where a trial trains, and the log of that process: what it printed since the trial began."""

import os
import platform
import stat
from collections import deque
from contextlib import suppress
from pathlib import Path

from pydantic import NonNegativeInt

from models.configs.base import Config

STREAMS = {"stdout": 1, "stderr": 2}
MAX_LINES, MAX_BYTES = 60, 16_384
"""The last lines of each stream that are kept, and at most so many bytes."""

_RAYS_OWN = (":job_id:", ":actor_name:", ":task_name:")


class LogFile(Config):
    """A file to which a process writes a stream, and its size when the trial began."""

    path: str
    start: NonNegativeInt


class Workplace(Config):
    """The machine, process and device that train a trial; `device` is as PyTorch names it."""

    host: str
    process: int
    device: str
    logs: tuple[LogFile, ...] = ()

    @property
    def told(self) -> str:
        """The place in words."""
        return f"{self.host}, process {self.process}, {self.device}"


def this_workplace(device: str) -> Workplace:
    """Describe this process at the beginning of a trial."""
    logs = []
    for number in STREAMS.values():
        with suppress(OSError):
            status = os.fstat(number)
            if stat.S_ISREG(status.st_mode):
                path = Path(f"/proc/self/fd/{number}").readlink()
                logs.append(LogFile(path=str(path), start=status.st_size))
    return Workplace(host=platform.node(), process=os.getpid(), device=device, logs=tuple(logs))


def read_log(workplace: Workplace) -> tuple[str, ...]:
    """Read the last lines that a process printed since its trial began.

    Returns:
        Stream by stream; none if the files are on another machine, or gone.
    """
    if workplace.host != platform.node():
        return ()
    lines: list[str] = []
    for log in workplace.logs:
        with suppress(OSError), Path(log.path).open("rb") as file:
            start = max(log.start, file.seek(0, os.SEEK_END) - MAX_BYTES)
            file.seek(start)
            if start > log.start:
                file.readline()  # the end of a line: a secret in it would not be recognised
            text = file.read().decode("utf-8", "replace")
            printed = (line for line in text.splitlines() if not line.startswith(_RAYS_OWN))
            lines += deque(printed, MAX_LINES)
    return tuple(lines)
