"""Where a report links to: the records of trials, and their runs in the storage folder's MLflow."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from orchestrator.addresses.address import OWN_DATABASE, sqlite_uri
from orchestrator.addresses.database import finished_runs
from orchestrator.addresses.pages import run_page, web_address
from reports.document.content import Addresses
from reports.ledger.ledger import RECORD_FILE, Ledger


def link_trials(keys: Iterable[str], storage: Path, folder: Path, experiment: str) -> Addresses:
    """Find the addresses of trials for a report.

    A report within the storage folder leads to records by relative addresses, which hold in a copy
    and in a bucket too. MLflow's pages are those that `mmer-sweep ui` serves.

    Args:
        keys: The trials.
        storage: The storage folder.
        folder: The folder of the report.
        experiment: The experiment of the runs in MLflow.
    """
    database = storage / OWN_DATABASE
    page = web_address(sqlite_uri(database))
    runs = finished_runs(database, experiment)
    wanted = list(keys)
    return Addresses(
        records=_link_records(wanted, storage, folder),
        runs={key: f"{page}/{run_page(runs[key])}" for key in wanted if key in runs},
    )


def _link_records(keys: Iterable[str], storage: Path, folder: Path) -> dict[str, str]:
    if not folder.resolve().is_relative_to(storage.resolve()):
        return {}
    ledger, here = Ledger(storage.resolve()), folder.resolve()
    files = {key: os.path.relpath(ledger.folder(key) / RECORD_FILE, here) for key in keys}
    return {key: quote(Path(file).as_posix()) for key, file in files.items()}
