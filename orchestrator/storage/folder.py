"""The storage folder, which holds corpora, records, tables and MLflow's files."""

import atexit
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from corpora.parsing.paths import expand_home
from orchestrator.errors import StorageError
from orchestrator.storage.mirror import Mirror, mirror_at

DEFAULT_STORAGE = "mmer-sweep-storage"
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
STORAGE_VARIABLE = "MMER_SWEEP_STORAGE"
CHOICES = f"choose another with --storage or {STORAGE_VARIABLE}"


def locate_storage(path: Path) -> Path:
    """Return the absolute path of the storage folder, which may not exist yet.

    Raises:
        StorageError: If a file has its path.
    """
    folder = expand_home(path).absolute()
    try:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as error:
        raise StorageError(
            f"storage folder '{folder}' cannot be reached: {error.strerror}; {CHOICES}"
        ) from error
    if not existing.is_dir():
        raise StorageError(
            f"storage folder '{folder}' cannot be used: '{existing}' is a file; {CHOICES}"
        )
    return folder


def open_storage(path: Path) -> Path:
    """Make the storage folder if needed, and make sure that it and its bucket are writable.

    Raises:
        StorageError: If one of them is not writable.
    """
    folder = locate_storage(path)
    if not folder.exists():
        atexit.register(_remove_if_empty, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError(
            f"storage folder '{folder}' cannot be written: {error.strerror}; {CHOICES}"
        ) from error
    mirror = mirror_at(folder)
    if mirror is not None:
        try:
            _probe(mirror)
        except OSError as error:
            raise StorageError(
                f"storage '{mirror.uri}' cannot be written: {error}; {CHOICES}"
            ) from error
    return folder


def _remove_if_empty(folder: Path) -> None:
    """Remove a folder that a command made, then found something wrong, and put nothing into."""
    with suppress(OSError):
        folder.rmdir()


def _probe(mirror: Mirror) -> None:
    """Write to a bucket, and make sure that it never overwrites a created file.

    Raises:
        OSError: If the bucket is not writable.
        StorageError: If its server overwrites the file.
    """
    name = f".probe-{secrets.token_hex(8)}"
    mirror.store.write(name, b"first")
    is_overwritten = mirror.store.create(name, b"second")
    mirror.store.remove(name)
    if is_overwritten:
        raise StorageError(
            f"storage '{mirror.uri}' cannot be used: its server does not support conditional "
            f"writes (If-None-Match), so a trial could get two records; {CHOICES}"
        )


def tables_folder(storage: Path, study: str, corpus: str, scale: str) -> Path:
    """Return the folder of a study's table."""
    return storage / "tables" / study / f"{corpus}-{scale}"
