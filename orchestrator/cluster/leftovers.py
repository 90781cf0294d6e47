"""Temporary folders: a process that is killed leaves its own, and the next sweep removes it.

A file in the folder names the driver. A folder without that file is nobody's that we know: it
stays.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.storage.driver import is_dead_here, this_driver

DRIVER_FILE = "mmer-sweep-driver"
PREFIX = "mmer-sweep-"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder for temporary files, and remove those that killed drivers left here."""
    remove_left(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        claim(Path(name))
        yield Path(name)


def claim(folder: Path) -> None:
    """Note in a folder that it is this driver's: it is of no use to anybody after its end."""
    (folder / DRIVER_FILE).write_text(this_driver(), encoding="utf-8")


def keep(folder: Path) -> None:
    """Let a folder stay after this driver's end."""
    (folder / DRIVER_FILE).unlink(missing_ok=True)


def remove_left(folders: Iterable[Path]) -> None:
    """Remove those of some folders whose drivers were processes of this machine and have ended."""
    for folder in folders:
        with suppress(OSError):  # others may remove it too, or it is another user's
            named = (folder / DRIVER_FILE).read_text(encoding="utf-8", errors="replace")
            if is_dead_here(named) and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)
