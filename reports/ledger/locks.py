"""Locks between processes of one machine; the system releases a lock when its process dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file; wait while another process holds it."""
    with _opened(file) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_if_free(file: Path) -> Iterator[bool]:
    """Hold a lock file, unless another process holds it; give whether it is held."""
    with _opened(file) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
