"""The files of a storage, with their sizes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.storage.mirror import Mirror


class StoredFile(NamedTuple):
    """A file by its path relative to the storage, with `/`, and its size."""

    name: str
    num_bytes: int


def files_below(storage: Path, below: str = "") -> Iterator[StoredFile]:
    """List the files of a storage folder, or of a folder in it; links are not followed.

    Files that go meanwhile are left out.
    """
    pending = [below]  # plain text: a path object for each of many thousand files takes long
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(storage / folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append(name)
                continue
            try:
                size = entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
            yield StoredFile(name, size)


def files_in_bucket(mirror: Mirror) -> Iterator[StoredFile]:
    """List the files of a bucket.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    for name, version in sorted(mirror.store.versions("").items()):
        yield StoredFile(name, version.size)
