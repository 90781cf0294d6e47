"""Shared files in a folder or a bucket, by which drivers on several machines coordinate."""

from pathlib import Path
from typing import Protocol

from orchestrator.storage.mirror import mirror_at
from reports.ledger.files import PARTIAL_SUFFIX, create_once, write_atomically


class ObjectStore(Protocol):
    """Holds files by name; a name is a relative path with `/`.

    Every method raises OSError while the place cannot be reached.
    """

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that does not exist yet; if several try, only one gets True."""

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file; a reader sees the whole old file or the whole new file."""

    def read(self, name: str) -> bytes | None:
        """Read a file; return None if it does not exist."""

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    def names(self, below: str) -> list[str]:
        """List the files below a folder, at any depth, in sorted order."""


class FolderStore:
    """A folder that all drivers see: a folder of this machine, or on NFS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that does not exist yet; if several try, only one gets True."""
        return create_once(self._folder / name, content)

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file; a reader sees the whole old file or the whole new file."""
        write_atomically(self._folder / name, content)

    def read(self, name: str) -> bytes | None:
        """Read a file; return None if it does not exist."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        (self._folder / name).unlink(missing_ok=True)

    def names(self, below: str) -> list[str]:
        """List the files below a folder, at any depth, in sorted order."""
        found = (path for path in (self._folder / below).rglob("*") if path.is_file())
        return sorted(
            path.relative_to(self._folder).as_posix()
            for path in found
            if not path.name.endswith(PARTIAL_SUFFIX)
        )


def store_of(storage: Path) -> ObjectStore:
    """Return where a storage folder's shared files lie."""
    mirror = mirror_at(storage)
    return FolderStore(storage) if mirror is None else mirror.store
