"""The storage folder: where corpora, records, tables and MLflow's files live."""

import tempfile
from pathlib import Path

DEFAULT_STORAGE = "mmer-sweep-storage"


class StorageError(Exception):
    """The storage folder cannot be used."""


def open_storage(path: Path) -> Path:
    """Make the storage folder if need be, and make sure that it can be written.

    Raises:
        StorageError: If it cannot.
    """
    folder = path.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError(
            f"storage folder '{folder}' cannot be written: {error.strerror}; "
            f"choose another with --storage or MMER_SWEEP_STORAGE"
        ) from error
    return folder


def tables_folder(storage: Path, study: str, corpus: str, scale: str) -> Path:
    """Return where a study's table is written."""
    return storage / "tables" / study / f"{corpus}-{scale}"


def default_tracking_uri(storage: Path) -> str:
    """Return the MLflow database inside the storage folder."""
    return f"sqlite:///{storage / 'mlflow.db'}"
