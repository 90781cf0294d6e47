"""The scratch folder of a process that measures trials; it is removed with the process.

A folder is named by the driver and by the process that writes there. So the next process that
measures on the machine can remove what a killed one left. The driver cannot do that if a worker's
storage is its own (a bucket's mirror).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, unquote

from orchestrator.storage.driver import is_dead_here, this_driver
from reports.ledger.probe import FOLDER

PREFIX = ".scratch-"


@contextmanager
def scratch_folder(storage: Path, driver: str) -> Iterator[Path]:
    """Make an empty folder for this process, which measures for a driver; remove it at the end."""
    folder = storage / FOLDER / f"{_prefix_of(driver)}{quote(this_driver(), safe='')}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as inner:
            yield Path(inner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_scratch(storage: Path, driver: str) -> None:
    """Remove the scratch folders of a driver's processes from a storage folder."""
    for folder in (storage / FOLDER).glob(f"{_prefix_of(driver)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned_scratch(storage: Path) -> None:
    """Remove the folders whose driver or process was on this machine and has ended."""
    for folder in (storage / FOLDER).glob(f"{PREFIX}*"):
        names = folder.name.removeprefix(PREFIX).split("+")
        if any(is_dead_here(unquote(name)) for name in names):
            shutil.rmtree(folder, ignore_errors=True)


def _prefix_of(driver: str) -> str:
    return f"{PREFIX}{quote(driver, safe='')}+"
