"""What lies in a storage: each file is of one kind, which its path tells."""

from pathlib import Path, PurePosixPath
from typing import Literal

from orchestrator.corpus.setup import MEDIA_FOLDER
from orchestrator.failures import notes
from orchestrator.live import publish
from orchestrator.prefixes.store import FOLDER as PREFIXES
from orchestrator.storage import own_code
from orchestrator.storage.leases import DRIVERS, LEASE_PREFIX
from orchestrator.storage.mirror import OWN_FOLDER
from orchestrator.storage.trials import TRIALS
from reports.ledger import floor_file, planned, probe, search_result, withheld_file
from reports.ledger.files import DAMAGED_SUFFIX, PARTIAL_SUFFIX
from reports.ledger.ledger import (
    CHECKPOINT_FILE,
    LOCK_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    TOKENIZER_FILE,
)

Kind = Literal[
    "records",
    "predictions",
    "models",
    "checkpoints",
    "failures",
    "plans",
    "tables",
    "searches",
    "corpora",
    "preparations",
    "media",
    "prefixes",
    "probes",
    "derived",
    "code",
    "mlflow",
    "damaged",
    "partial",
    "locks",
    "mirror",
    "other",
]

WORDS: dict[Kind, str] = {
    "records": "records of finished trials",
    "predictions": "predictions of finished trials",
    "models": "kept models, with tokenizers",
    "checkpoints": "checkpoints of trials",
    "failures": "notes on failed trials",
    "plans": "plans of studies",
    "tables": "tables and report",
    "searches": "searches",
    "corpora": "prepared corpora",
    "preparations": "preparations that have not ended",
    "media": "media of synthetic corpora",
    "prefixes": "maps of frozen groups",
    "probes": "measurements of architectures",
    "derived": "floors, withheld modalities, counts",
    "code": "source of users' own systems",
    "mlflow": "MLflow's files",
    "damaged": "damaged files, set aside",
    "partial": "files that a killed process left",
    "locks": "locks, leases, drivers, running sweeps",
    "mirror": "notes of the mirror",
    "other": "what is none of ours",
}
"""The kinds in the order in which they are told."""

_OF_TRIALS: dict[str, Kind] = {
    PurePosixPath(RECORD_FILE).stem: "records",
    PurePosixPath(PREDICTIONS_FILE).stem: "predictions",
    PurePosixPath(MODEL_FILE).stem: "models",
    PurePosixPath(TOKENIZER_FILE).stem: "models",
    PurePosixPath(CHECKPOINT_FILE).stem: "checkpoints",
    LOCK_FILE: "locks",
    LEASE_PREFIX.rstrip("-"): "locks",
}
"""The kind of a trial's file by its name without suffix, and without digest or number."""

_OF_FOLDERS: dict[str, Kind] = {
    "corpora": "corpora",
    MEDIA_FOLDER: "media",
    PREFIXES: "prefixes",
    notes.FOLDER: "failures",
    publish.FOLDER: "locks",
    planned.FOLDER: "plans",
    "tables": "tables",
    "report": "tables",
    search_result.FOLDER: "searches",
    probe.FOLDER: "probes",
    floor_file.FOLDER: "derived",
    withheld_file.FOLDER: "derived",
    "index": "derived",
    own_code.FOLDER: "code",
    DRIVERS: "locks",
    OWN_FOLDER: "mirror",
}


MLFLOW = "mlflow"
"""The names of MLflow's files and folders begin with it."""

MARKS = (TRIALS, planned.FOLDER, "corpora", search_result.FOLDER, OWN_FOLDER)
"""A folder that holds one of these is a storage."""


def kind_of(name: str) -> Kind:
    """Tell the kind of a file by its path relative to the storage, with `/`."""
    top, *rest = parts = [part for part in name.split("/") if part]
    file = parts[-1]
    if top == OWN_FOLDER:
        return "mirror"
    if not rest or not _is_ours(top):
        return "mlflow" if top.startswith(MLFLOW) else "other"
    if file.endswith(DAMAGED_SUFFIX):
        return "damaged"
    if file.endswith(PARTIAL_SUFFIX):
        return "partial"
    if file.endswith(".lock") or (top, file) == (planned.FOLDER, planned.LOCK_FILE):
        return "locks"
    if top.startswith(MLFLOW):
        return "mlflow"
    if top == TRIALS:
        stem = (file.rpartition(".")[0] or file).partition("-")[0]
        return _OF_TRIALS.get(stem, "other") if len(rest) == 2 else "other"
    if top == "corpora" and rest[0].startswith("."):
        return "preparations"
    return _OF_FOLDERS[top]


def _is_ours(top: str) -> bool:
    """Whether a folder of the storage is one that the program makes."""
    return top == TRIALS or top in _OF_FOLDERS or top.startswith(MLFLOW)


def is_storage(folder: Path) -> bool:
    """Whether a folder is a storage: some command left a trial, a plan or the like there.

    One that is empty, or that does not exist yet, may become one.
    """
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return not found or not found.isdisjoint(MARKS)
