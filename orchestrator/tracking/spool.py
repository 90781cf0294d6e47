"""The studies that an MLflow may have incompletely: a small file for each, in the storage folder.

A sweep writes the file before it trains, and removes it when MLflow has everything. A comparison of
ledger and MLflow finds what exactly is missing, so a kill at any moment loses nothing.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from reports.ledger.files import write_atomically
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, read_planned

SPOOL_FOLDER = "mlflow-spool"


def spool(planned: Iterable[Planned], storage: Path, tracking_uri: str) -> None:
    """Note that an MLflow may have some studies incompletely."""
    for one in planned:
        write_atomically(_path(one, storage, tracking_uri), tracking_uri.encode())


def unspool(planned: Iterable[Planned], storage: Path, tracking_uri: str) -> None:
    """Note that an MLflow has everything of some studies."""
    for one in planned:
        _path(one, storage, tracking_uri).unlink(missing_ok=True)


def read_spooled(storage: Path, tracking_uri: str) -> list[Planned]:
    """Read the plans of the studies that an MLflow may have incompletely.

    Raises:
        LedgerError: If a plan is damaged.
    """
    known = read_planned(Ledger(storage))
    return [one for one in known if _path(one, storage, tracking_uri).is_file()]


def spooled_uris(storage: Path) -> list[str]:
    """List the MLflows that may lack something."""
    return sorted({path.read_text() for path in (storage / SPOOL_FOLDER).glob("*/*/*")})


def spool_lock(storage: Path, tracking_uri: str) -> Path:
    """Return the lock for creating runs: only one process creates a run."""
    return _folder(storage, tracking_uri) / "lock"


def _path(planned: Planned, storage: Path, tracking_uri: str) -> Path:
    name = f"{planned.corpus}-{planned.scale}"
    return _folder(storage, tracking_uri) / planned.study.name / name


def _folder(storage: Path, tracking_uri: str) -> Path:
    return storage / SPOOL_FOLDER / hashlib.sha256(tracking_uri.encode()).hexdigest()[:12]
