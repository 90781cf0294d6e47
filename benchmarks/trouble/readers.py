"""The functions that read the small files of a storage, called alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

from corpora.store.folds import read_folds
from corpora.store.prepared import read_manifest
from corpora.store.remarked import read_remarked
from models.own.source import read_source
from orchestrator.failures.notes import notes_in
from orchestrator.live.publish import read_states
from orchestrator.storage.objects import FolderStore
from orchestrator.storage.own_code import FOLDER as CODE
from orchestrator.upkeep.kinds import kind_of
from reports.ledger.floor_file import read_floor
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_plan
from reports.ledger.probe import find_device, find_probe
from reports.ledger.search_result import read_searches

Reader = Callable[[Path, Path], object]
"""Gets the storage and a file of it; returns what the program then knows, or raises."""


def _predictions(storage: Path, file: Path) -> object:
    ledger = Ledger(storage)
    record = ledger.find(file.parent.name)
    return None if record is None else repr(ledger.predictions(record))


def _probe(storage: Path, file: Path) -> object:
    architecture, _, rest = file.stem.partition("-v")
    device = rest.partition("-")[2].rsplit("-", 1)[0]
    return find_probe(architecture, device, int(file.stem.rsplit("-", 1)[1]), storage)


READERS: Mapping[str, Reader] = {
    "record.json": lambda storage, file: Ledger(storage).find(file.parent.name),
    "predictions.parquet": _predictions,
    "manifest.json": lambda storage, file: read_manifest(
        storage, file.parents[1].name, file.parent.name
    ),
    "remarks.json": lambda storage, file: read_remarked(file.parent),
    "folds.json": lambda storage, file: read_folds(storage, file.parent.name),
    "search.json": lambda storage, file: read_searches(storage),
    "plans": lambda storage, file: read_plan(file),
    "probes": _probe,
    "device": lambda storage, file: find_device(file.stem.removeprefix("device-"), storage),
    "failures": lambda storage, file: notes_in(storage).find(file.stem),
    "sweeps": lambda storage, file: read_states(FolderStore(storage)),
    "floors": lambda storage, file: repr(read_floor(storage, file.stem)),
    CODE: lambda storage, file: read_source(file.parent, "mynet").digest == file.parent.name,
}


def reader_of(name: str) -> Reader | None:
    """Return the function that reads a file, by its path in the storage; None if none is known."""
    path = Path(name)
    if kind_of(name) == "mlflow":
        return None
    if path.name in READERS:
        return READERS[path.name]
    if path.name == "lock" or (kind_of(name) == "locks" and path.parts[0] != "sweeps"):
        return None
    top = "device" if path.name.startswith("device-") else path.parts[0]
    return READERS.get(top)
