"""Stored maps: whole folders, made once, read by many, removed if space is needed elsewhere.

    STORAGE/prefixes/<key>/                maps of all splits, and what they are (`prefix.json`)
    STORAGE/prefixes/<key>.<host>.partial/ the same while a machine makes them
    STORAGE/prefixes/<key>.lock            shared while they are read, exclusive while they are made
                                           or removed

The system releases a lock when its process dies. So nobody waits for a killed maker: the next one
goes on where it was.
"""

import errno
import fcntl
import math
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from reports.ledger.files import PARTIAL_SUFFIX
from reports.ledger.locks import locked_if_free

FOLDER = "prefixes"
DESCRIPTION_FILE = "prefix.json"
LOCK_SUFFIX = ".lock"

MAX_SHARE_OF_DISK = 0.5
"""Maps take at most this share of the space that the disk would have left without them."""


class PrefixStore:
    """The stored maps of a storage folder."""

    def __init__(self, storage: Path) -> None:
        self.folder = storage / FOLDER

    def takes(self, key: str, num_bytes: int) -> bool:
        """Tell whether maps are stored, or may be."""
        return self._is_whole(key) or num_bytes <= self._limit_bytes()

    @contextmanager
    def holding(
        self, key: str, files: Mapping[str, int], make: Callable[[Path], None]
    ) -> Iterator[Path]:
        """Give the folder of some maps, which nobody removes meanwhile.

        If they are not stored, they are made, by one process of those that ask; the others wait.

        Args:
            key: Names them.
            files: Their files, and how many bytes each takes.
            make: Fills the files in a folder, where they have their sizes already; what it wrote
                there before it was killed is still there.

        Raises:
            OSError: If they do not fit, or the disk fails.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock(key) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            while not self._is_whole(key):
                fcntl.flock(lock, fcntl.LOCK_UN)  # two that change a lock at once may deadlock
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not self._is_whole(key):
                    self._make(key, files, make)
                fcntl.flock(lock, fcntl.LOCK_UN)
                fcntl.flock(lock, fcntl.LOCK_SH)  # they may be removed before this
            os.utime(self.folder / key)
            yield self.folder / key

    def _make(self, key: str, files: Mapping[str, int], make: Callable[[Path], None]) -> None:
        """Make maps in a folder of this machine, and rename it.

        Where locks do not reach across machines, two may make the same maps: the first counts.
        """
        partial = self.folder / f"{key}.{platform.node()}{PARTIAL_SUFFIX}"
        self._reserve(partial, files)
        make(partial)
        try:
            partial.rename(self.folder / key)
        except OSError:
            if not self._is_whole(key):
                raise
            shutil.rmtree(partial)

    def _reserve(self, partial: Path, files: Mapping[str, int]) -> None:
        """Give files their sizes, so that others count them; make room first.

        Raises:
            OSError: If what is in use leaves too little.
        """
        with self._lock("room") as room:
            fcntl.flock(room, fcntl.LOCK_EX)
            wanted, limit = sum(files.values()), self._limit_bytes()
            others = [folder for folder in self.folders() if folder != partial]
            used = sum(map(_size, others))
            for folder in sorted(others, key=_last_used):
                if used + wanted <= limit:
                    break
                used -= self.remove_unless_used(folder)
            if used + wanted > limit:
                raise OSError(
                    errno.ENOSPC,
                    f"they take {wanted / 2**30:.1f} GiB, but may take "
                    f"{max(0, limit - used) / 2**30:.1f} GiB of '{self.folder}'",
                )
            partial.mkdir(exist_ok=True)
            for name, num_bytes in files.items():
                with (partial / name).open("ab") as file:
                    file.truncate(num_bytes)

    def remove_unless_used(self, folder: Path) -> int:
        """Remove a folder; return how many bytes it took, 0 if a process reads or makes it."""
        with self._unused(folder) as is_unused:
            if not is_unused:
                return 0
            num_bytes = _size(folder)
            (folder / DESCRIPTION_FILE).unlink(missing_ok=True)  # from now on it is not whole
            shutil.rmtree(folder, ignore_errors=True)
        return num_bytes

    def is_used(self, folder: Path) -> bool:
        """Whether a process reads a folder, or makes it."""
        with self._unused(folder) as is_unused:
            return not is_unused

    def _unused(self, folder: Path) -> AbstractContextManager[bool]:
        """Keep others from a folder, unless one uses it already; give whether that is so."""
        key, _, _ = folder.name.partition(".")
        return locked_if_free(self.folder / f"{key}{LOCK_SUFFIX}")

    def _limit_bytes(self) -> int:
        there = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        free = shutil.disk_usage(there).free
        return int(MAX_SHARE_OF_DISK * (free + sum(map(_space, self.folders()))))

    def folders(self) -> list[Path]:
        """List the folders of stored maps, and of those that are being made."""
        return [path for path in self.folder.glob("*") if path.is_dir()]

    def _is_whole(self, key: str) -> bool:
        return (self.folder / key / DESCRIPTION_FILE).is_file()

    @contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        lock = os.open(self.folder / f"{name}{LOCK_SUFFIX}", os.O_CREAT | os.O_RDWR, 0o666)
        try:
            yield lock
        finally:
            os.close(lock)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # its maker has renamed it
        return math.inf


def _size(folder: Path) -> int:
    """Count the bytes of a folder's files, those too that are reserved and not written yet."""
    return sum(status.st_size for status in _files(folder))


def _space(folder: Path) -> int:
    """Count the bytes of the disk that a folder takes."""
    return sum(512 * status.st_blocks for status in _files(folder))


def _files(folder: Path) -> Iterator[os.stat_result]:
    """Look at the files of a folder, which its maker may rename meanwhile."""
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):
            yield path.stat()
