"""Calls to the system that fail, wait or tell another time, in processes that are started so."""

import errno
import mmap
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

SOURCE = Path(__file__).with_name("failing_calls.c")
CALLS = (
    *("read", "write", "open to read", "open to write", "fsync"),
    *("rename", "link", "mkdir", "unlink"),
)
"""The kinds of call, in the order of `enum call`."""

READING = ("read", "open to read")
CHANGING = tuple(call for call in CALLS if call not in READING)
_SETTINGS, _COUNTS = 11, len(CALLS) + 1
_LAST = 2**62
WHY_NOT = "" if shutil.which("cc") else "there is no C compiler `cc` for benchmarks/trouble/shim.py"
"""Why no calls can be made to fail here; empty if they can."""


class Trouble(NamedTuple):
    """What happens to calls.

    Attributes:
        calls: The kinds of call that are hit.
        error: The `errno` with which they fail; 0 if they do not.
        per_10000: How many of them are hit.
        is_done: Whether a change of a name is made although its call fails, as if a reply was lost.
        delay_s: How long a call waits that is hit.
        clock_offset_s: How far the clock is off that Python reads.
        first: Which of these calls is the first that may be hit, from 0 on.
        num: How many of these calls may be hit, from that one on.
        signum: The signal that comes to a process before a call that is hit; 0 if none does.
    """

    calls: tuple[str, ...] = ()
    error: int = 0
    per_10000: int = 10000
    is_done: bool = False
    delay_s: float = 0.0
    clock_offset_s: int = 0
    first: int = 0
    num: int = _LAST
    signum: int = 0


NO_TROUBLE = Trouble()
NFS_ERRORS = (errno.EIO, errno.ESTALE)


class Shim:
    """The library below processes, and what it does to them now."""

    def __init__(self, library: Path, control: Path) -> None:
        self._library, self._control = library, control
        with control.open("r+b") as file:
            self._words = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")

    @classmethod
    def built(cls, folder: Path) -> Self:
        """Compile the library into a folder."""
        library, control = folder / "failing_calls.so", folder / "control"
        control.write_bytes(bytes(8 * (_SETTINGS + _COUNTS)))
        flags = ("-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror")
        command = ["cc", *flags, "-o", str(library), str(SOURCE), "-ldl"]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise RuntimeError(f"'{SOURCE}' could not be compiled: {built.stderr}")
        return cls(library, control)

    @classmethod
    def preloaded(cls) -> Self:
        """Return the library below this process, which was started with its variables."""
        return cls(Path(os.environ["LD_PRELOAD"]), Path(os.environ["FAILING_CONTROL"]))

    def environment(self, below: Path) -> Mapping[str, str]:
        """Return the variables of a process whose calls below a folder may be hit."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAILING_CONTROL": str(self._control),
            "FAILING_BELOW": str(below.resolve()),
        }

    def set(self, trouble: Trouble, seed: int = 0) -> None:
        """Begin a trouble; the one before ends. The seed decides which calls are hit."""
        self._words[0] = 0
        self._words[1] = trouble.error
        self._words[2] = trouble.per_10000
        self._words[3] = trouble.is_done
        self._words[4] = int(trouble.delay_s * 1e6)
        self._words[5] = trouble.clock_offset_s
        self._words[6] = seed
        self._words[7] = trouble.first
        self._words[8] = trouble.first + trouble.num - 1
        self._words[9] = 0
        self._words[10] = trouble.signum
        self._words[0] = sum(1 << CALLS.index(call) for call in trouble.calls)

    def counts(self) -> dict[str, int]:
        """Count the calls that were hit so far, and the wrong times that were told."""
        return dict(zip((*CALLS, "clock"), self._words[_SETTINGS:], strict=True))

    @contextmanager
    def trouble(self, trouble: Trouble, seed: int = 0) -> Iterator[None]:
        """Make trouble for the length of a block."""
        self.set(trouble, seed)
        try:
            yield
        finally:
            self.set(NO_TROUBLE)
