"""Commands in processes of their own that have all libraries loaded already."""

import io
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, NoReturn

from orchestrator.cli import COMMANDS, main

LIMIT_S = 120.0
TIMED_OUT = 124


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def is_traceback(self) -> bool:
        """Whether the user saw a traceback of ours."""
        return "Traceback (most recent call last)" in self.out + self.err


def load_commands() -> None:
    """Import what commands import when they run, so that a forked process need not."""
    for place in COMMANDS.values():
        import_module(f"orchestrator.commands.{place.module}")
    for name in (
        "matplotlib.pyplot",
        "mlflow",
        "orchestrator.floors.make",
        "orchestrator.kept_models.figures",
        "orchestrator.kept_models.withheld_split",
        "orchestrator.sweep.studies",
        "orchestrator.tracking.delivery",
        "pandas",
        "reports.document.assemble",
        "torch",
    ):
        import_module(name)


def run_command(arguments: Sequence[object], cwd: Path, limit_s: float = LIMIT_S) -> Ended:
    """Run `mmer-sweep` in a forked process."""

    def act() -> None:
        os.chdir(cwd)
        sys.argv = ["mmer-sweep", *map(str, arguments)]
        main()

    return in_fork(act, limit_s)


def in_fork(act: Callable[[], object], limit_s: float = LIMIT_S) -> Ended:
    """Call a function in a forked process, which ends with it, and catch what it prints."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _act_as_process(act, out.fileno(), err.fileno())
        code = _wait(child, limit_s)
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode(errors="replace"))
    return Ended(code, *printed)


def _act_as_process(act: Callable[[], object], out: int, err: int) -> NoReturn:
    code = 1
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
        act()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # whatever the command let pass is what is looked for
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(child: int, limit_s: float) -> int:
    deadline = time.monotonic() + limit_s
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return TIMED_OUT
        time.sleep(0.005)
