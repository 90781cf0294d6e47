"""The storage folder: where corpora, records, tables and MLflow's files live."""

import tempfile
from pathlib import Path

DEFAULT_STORAGE = "mmer-sweep-storage"
CHOICES = "choose another with --storage or MMER_SWEEP_STORAGE"


class StorageError(Exception):
    """The storage folder cannot be used."""


def locate_storage(path: Path) -> Path:
    """Return the absolute path of the storage folder, which need not exist.

    Raises:
        StorageError: If a file stands in its place.
    """
    folder = path.expanduser().absolute()
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
    """Make the storage folder if need be, and make sure that it can be written.

    Raises:
        StorageError: If it cannot.
    """
    folder = locate_storage(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError(
            f"storage folder '{folder}' cannot be written: {error.strerror}; {CHOICES}"
        ) from error
    return folder


def tables_folder(storage: Path, study: str, corpus: str, scale: str) -> Path:
    """Return where a study's table is written."""
    return storage / "tables" / study / f"{corpus}-{scale}"


def tracking_uri_of(given: str | None, storage: Path) -> str:
    """Return where MLflow is: as given, or in a database inside the storage folder.

    A relative SQLite path is one from the current folder, now: a sweep changes folder.
    """
    sqlite = "sqlite:///"
    if not given:
        return f"{sqlite}{storage / 'mlflow.db'}"
    if given.startswith(sqlite):
        return sqlite + str(Path(given.removeprefix(sqlite)).absolute())
    return given
