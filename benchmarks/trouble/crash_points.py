"""Stops a process right before or after one of its changes to a storage."""

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

CHANGES = ("rename", "replace", "link", "fsync", "unlink", "remove", "mkdir")
"""The functions of `os` that change a storage, or make a change last."""

STOPPED = 77
"""The exit status of a process that was stopped so."""


class Point(NamedTuple):
    """The n-th change, and whether the process stops before or after it."""

    number: int
    is_after: bool


@contextmanager
def stopping_at(point: Point | None, below: Path, seen: list[str]) -> Iterator[None]:
    """Count the changes below a folder, and end the process at one of them.

    Nothing is flushed or cleaned up, as if the process was killed. What was written to a file
    without `fsync` is kept by the system all the same: this is the death of a process, not of a
    machine.

    Args:
        point: Where to stop; None to count only.
        below: Changes elsewhere do not count.
        seen: Gets the name of each change.
    """
    root = os.path.realpath(below) + os.sep

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*given: Any, **named: Any) -> Any:
            if name != "fsync" and not any(
                os.path.realpath(os.fspath(one)).startswith(root)
                for one in given
                if isinstance(one, str | os.PathLike)
            ):
                return real(*given, **named)
            number = len(seen)
            seen.append(name)
            if point == Point(number, is_after=False):
                os._exit(STOPPED)
            try:
                return real(*given, **named)
            finally:  # also if there was nothing to remove
                if point == Point(number, is_after=True):
                    os._exit(STOPPED)

        return change

    real = {name: getattr(os, name) for name in CHANGES}
    real_open = io.open
    opened = counted("create", real_open)

    def open_(file: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
        writes = set(mode) & set("wxa")
        return (opened if writes else real_open)(file, mode, *given, **named)

    for name, function in real.items():
        setattr(os, name, counted(name, function))
    io.open = builtins.open = open_
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(os, name, function)
        io.open = builtins.open = real_open
