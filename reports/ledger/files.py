"""How files are written: whole or not at all, once, or under a name that holds their digest."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PARTIAL_SUFFIX, DAMAGED_SUFFIX = ".partial", ".damaged"
NUM_DIGITS = 16
"""So many digits of a digest stand in the name of a staged file."""


def staged_at(path: Path, sha256: str) -> Path:
    """Add the digest of a file's content to its name: `model-<digest>.safetensors`."""
    return path.with_name(f"{path.stem}-{sha256[:NUM_DIGITS]}{path.suffix}")


def stage(path: Path, content: bytes) -> str:
    """Write a file beside its place and return its SHA-256.

    The ledger renames the file into place after a record names it.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    write_atomically(staged_at(path, sha256), content)
    return sha256


def stage_copy(source: Path, path: Path, sha256: str) -> bool:
    """Stage a copy of a file, piece by piece, if that file has this SHA-256.

    Returns:
        Whether it has; else nothing is staged.
    """
    digest = hashlib.sha256()

    def copy(file: BinaryIO) -> None:
        with source.open("rb") as opened:
            while piece := opened.read(2**20):
                digest.update(piece)
                file.write(piece)

    with _partial(staged_at(path, sha256), copy) as partial:
        if digest.hexdigest() != sha256:
            return False
        partial.replace(staged_at(path, sha256))
    return True


def write_atomically(path: Path, content: bytes, *, is_private: bool = False) -> None:
    """Write a file so that a reader, or a crash, sees all of it or nothing.

    Only its owner can read a private file.
    """
    with _partial(path, lambda file: file.write(content), is_private=is_private) as partial:
        partial.replace(path)


def stream_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file as `write_atomically` does, but let `write` fill it piece by piece."""
    with _partial(path, write) as partial:
        partial.replace(path)


def create_once(path: Path, content: bytes) -> bool:
    """Write a whole file unless it exists; if several processes try at once, one of them writes it.

    This holds on NFS too.

    Returns:
        Whether this call wrote the file.
    """
    with _partial(path, lambda file: file.write(content)) as partial:
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            return False
    return True


@contextmanager
def _partial(
    path: Path, write: Callable[[BinaryIO], object], *, is_private: bool = False
) -> Iterator[Path]:
    """Write a partial file beside its place and flush it to disk; remove it in the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    try:
        if is_private:
            partial.touch(mode=0o600, exist_ok=False)
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename a damaged file, so that it is made again and can still be looked at.

    Returns:
        Its new path; a file that was set aside there before is replaced.
    """
    aside = path.with_name(f"{path.name}{DAMAGED_SUFFIX}")
    return path.replace(aside)


def sha256_of(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
