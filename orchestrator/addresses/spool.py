"""The studies and searches that an MLflow may have incompletely: a small file for each.

It lies in the storage folder. A sweep writes the file before it trains, and removes it when MLflow
has everything. A comparison of ledger and MLflow finds what exactly is missing, so a kill at any
moment loses nothing. The file holds MLflow's address without credentials. The storage folder's own
MLflow has a fixed name, so that a copy of the folder waits for its own MLflow, not for that of the
original.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.addresses.address import folder_name, is_own, shown, tracking_uri_of
from reports.ledger.files import PARTIAL_SUFFIX, write_atomically
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, read_planned
from reports.ledger.search_result import SearchResult, read_searches

SPOOL_FOLDER = "mlflow-spool"

Mirrored = Planned | SearchResult
"""What MLflow shows: a planned study with the ledger, or a search as far as it has come."""


def read_mirrored(storage: Path) -> list[Mirrored]:
    """Read all planned studies and all searches of a storage folder.

    A search of an older version is left out, as it has no id. `tune` gives it one.

    Raises:
        LedgerError: If a plan or the result of a search is damaged.
    """
    searches = [result for result in read_searches(storage) if result.id]
    return [*read_planned(Ledger(storage)), *searches]


def spool(mirrored: Iterable[Mirrored], storage: Path, tracking_uri: str) -> None:
    """Note that an MLflow may have some studies or searches incompletely."""
    for one in mirrored:
        _write(_path(one, storage, tracking_uri), storage, tracking_uri)


def unspool(mirrored: Iterable[Mirrored], storage: Path, tracking_uri: str) -> None:
    """Note that an MLflow has everything of some studies or searches."""
    for one in mirrored:
        _path(one, storage, tracking_uri).unlink(missing_ok=True)


def read_spooled(storage: Path, tracking_uri: str) -> list[Mirrored]:
    """Read the studies and searches that an MLflow may have incompletely.

    Raises:
        LedgerError: If a plan or the result of a search is damaged.
    """
    _renew(storage)
    known = read_mirrored(storage)
    return [one for one in known if _path(one, storage, tracking_uri).is_file()]


def is_waiting(storage: Path, tracking_uri: str) -> bool:
    """Whether an MLflow may lack something."""
    _renew(storage)
    return any(_files_in(spool_folder(storage, tracking_uri)))


def spooled_uris(storage: Path) -> list[str]:
    """List the MLflows that may lack something, without credentials."""
    _renew(storage)
    return sorted({address for _, address in _notes(storage)})


def forget(storage: Path, tracking_uri: str) -> bool:
    """Give up an MLflow: what it lacks is not delivered. Return whether it lacked something."""
    _renew(storage)
    folder = folder_name(tracking_uri, storage)
    given_up = [file for file, at in _notes(storage) if folder_name(at, storage) == folder]
    for file in given_up:
        file.unlink(missing_ok=True)
    return bool(given_up)


def spool_lock(storage: Path, tracking_uri: str) -> Path:
    """Return the lock for creating runs: only one process creates a run."""
    return spool_folder(storage, tracking_uri) / "lock"


def spool_folder(storage: Path, tracking_uri: str) -> Path:
    """Return the folder of what is noted about an MLflow."""
    return storage / SPOOL_FOLDER / folder_name(tracking_uri, storage)


def _renew(storage: Path) -> None:
    """Rewrite the notes of older versions: with credentials, or with the path of the storage."""
    for file, address in list(_notes(storage)):
        if address != shown(address) or _is_misplaced(file, storage, address):
            folder = spool_folder(storage, address)
            _write(folder / file.parent.name / file.name, storage, address)
            if folder != file.parents[1]:
                file.unlink(missing_ok=True)


def _is_misplaced(file: Path, storage: Path, address: str) -> bool:
    return file.parents[1].name != folder_name(address, storage)


def _notes(storage: Path) -> Iterator[tuple[Path, str]]:
    """Find all notes that this user may read, with the address in each."""
    for folder in (storage / SPOOL_FOLDER).glob("*"):
        for file in _files_in(folder):
            try:
                address = file.read_text(encoding="utf-8", errors="replace")
            except OSError:  # another user's, or removed meanwhile
                continue
            yield file, address or tracking_uri_of(None, storage)


def _files_in(folder: Path) -> Iterator[Path]:
    return (file for file in folder.glob("*/*") if file.suffix != PARTIAL_SUFFIX)


def _write(file: Path, storage: Path, tracking_uri: str) -> None:
    address = "" if is_own(tracking_uri, storage) else shown(tracking_uri)
    write_atomically(file, address.encode(), is_private=True)


def _path(mirrored: Mirrored, storage: Path, tracking_uri: str) -> Path:
    return spool_folder(storage, tracking_uri).joinpath(*mirrored.place)
