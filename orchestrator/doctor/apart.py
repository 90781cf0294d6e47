"""Runs what may take long, or end badly, in a process of its own that has a limited time."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from mmer_sweep import ROOT

START = (
    "import sys\n"
    "from importlib import import_module\n"
    "sys.path.insert(0, sys.argv[1])\n"
    "from corpora.errors import UserError\n"
    "try:\n"
    "    found = getattr(import_module(sys.argv[2]), sys.argv[3])(sys.stdin.read())\n"
    "except UserError as error:\n"
    "    sys.exit(str(error))\n"
    "print('\\n' + found.model_dump_json())\n"
)
"""Calls a function of ours with a text, and prints the facts that it returns in the last line."""

END_S = 2.0
"""How long to wait for the end of a program that was killed."""

MAX_SAID = 300
"""So many characters of an error are shown."""

Form = TypeVar("Form", bound=BaseModel)


class ApartError(Exception):
    """What ran apart failed, or took too long; the message is one line."""


class Ended(NamedTuple):
    """How a program ended."""

    status: int
    out: bytes
    err: bytes


def call_apart(
    function: str, given: str, form: type[Form], *, limit_s: float, **environment: str
) -> Form:
    """Call a function of ours, `module:name`, with a text; return the facts that it found.

    Raises:
        ApartError: If it raises, or takes longer than `limit_s`.
    """
    module, _, name = function.partition(":")
    # -P: what lies in the working folder under a library's name is not imported, as in a sweep.
    command = [sys.executable, "-P", "-c", START, str(ROOT), module, name]
    ended = run_limited(command, limit_s=limit_s, given=given, environment=environment)
    if ended.status != 0:
        raise ApartError(_last_line(ended.err) or f"it ended with status {ended.status}")
    try:
        return parse_json(ended.out.strip().rpartition(b"\n")[2], form)
    except ParseError as error:
        raise ApartError(f"it answered no facts: {error}") from error


def run_limited(
    command: Sequence[str],
    *,
    limit_s: float,
    given: str = "",
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program; end it, with all that it started, if it takes longer than `limit_s`.

    Raises:
        ApartError: If it cannot be started, or takes too long.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | (environment or {}),
            start_new_session=True,
        )
    except OSError as error:
        raise ApartError(f"'{command[0]}' cannot be started: {error.strerror}") from error
    try:
        out, err = process.communicate(given.encode(), timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise ApartError(f"no answer within {limit_s:g} s") from error
    return Ended(process.returncode, out, err)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program and all that it started; one that waits for a dead disk stays until it can."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _last_line(err: bytes) -> str:
    """Return the end of a traceback, which is the error."""
    lines = err.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:MAX_SAID] if lines else ""
