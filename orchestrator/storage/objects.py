"""Shared files by name, in a folder or a bucket: what drivers on several machines agree through."""

from pathlib import Path
from typing import Protocol

from orchestrator.storage.mirror import mirror_at
from reports.ledger.files import PARTIAL_SUFFIX, create_once, write_atomically


class ObjectStore(Protocol):
    """Holds files by name; a name is a relative path with `/`.

    Every method raises OSError while the place cannot be reached.
    """

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that is not there yet; of several who try, one gets True."""

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file; readers see the old one or the new one, whole."""

    def read(self, name: str) -> bytes | None:
        """Read a file, or None if it is not there."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def names(self, below: str) -> list[str]:
        """List the files below a folder, at any depth, in order."""


class FolderStore:
    """A folder that all see in the same place: of this machine, or NFS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that is not there yet; of several who try, one gets True."""
        return create_once(self._folder / name, content)

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file; readers see the old one or the new one, whole."""
        write_atomically(self._folder / name, content)

    def read(self, name: str) -> bytes | None:
        """Read a file, or None if it is not there."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._folder / name).unlink(missing_ok=True)

    def names(self, below: str) -> list[str]:
        """List the files below a folder, at any depth, in order."""
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
