"""Takes the ledger of another storage into this one: finished trials and plans.

A trial is taken in like one that is trained: files are staged under their digests, the record is
created last and once, the files are moved into place. So a merge can be killed at any moment and
called again, also beside trainings of the same trials.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.own.errors import OwnCodeError
from models.own.source import read_source
from models.own.system import OwnSystem, UnloadedSystem
from orchestrator.errors import StorageError
from orchestrator.storage import own_code
from orchestrator.storage.folder import open_storage
from orchestrator.storage.mirror import place_of
from orchestrator.storage.publish import (
    fetch_folder,
    locate_place,
    publish_file,
    publish_files,
    pull_plans,
)
from orchestrator.storage.trials import fetch_model, has_model, publish_model, publish_trial
from reports.ledger import floor_file, planned, withheld_file
from reports.ledger.files import create_once, stage_copy
from reports.ledger.joined_plan import Joined, join_plan
from reports.ledger.ledger import (
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    TOKENIZER_FILE,
    Ledger,
    LedgerError,
)
from reports.ledger.planned import Planned, plan_file, read_plan
from reports.ledger.record import EVALUATED_SPLITS, Record
from reports.ledger.search_result import FOLDER as SEARCHES


@dataclass
class Merged:
    """What a merge did.

    Attributes:
        trials: The keys of the trials that were taken in.
        known: The keys of those that both have.
        differing: The keys of those of which the two have other results; ours stay.
        models: The keys of the trials whose model was taken in.
        plans: What became of each plan.
        searches: The searches there; they stay there.
        faults: What is damaged, and was not taken in.
    """

    trials: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    plans: list[Joined] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether this storage now says all that the other one does."""
        is_apart = any(one.state == "apart" for one in self.plans)
        return not (self.differing or self.faults or is_apart)


def locate_other(place: str, storage: Path) -> Path:
    """Return another storage that holds a ledger.

    Raises:
        LedgerError: If a record in a bucket is damaged.
        StorageError: If it cannot be used, holds no ledger, or is the same storage.
    """
    other = locate_place(place)
    if not any((other / folder).is_dir() for folder in ("trials", planned.FOLDER)):
        raise StorageError(
            f"'{place}' holds no trials and no plans: name the storage of another machine, a "
            "folder or s3://BUCKET/PREFIX"
        )
    _refuse_same(other, storage)
    return other


def open_target(place: str, storage: Path) -> Path:
    """Return a storage that a ledger is copied to; make its folder if needed.

    Raises:
        LedgerError: If a record in a bucket is damaged.
        StorageError: If it cannot be used, or is the same storage.
    """
    target = locate_place(place)
    _refuse_same(target, storage)
    return open_storage(target)


def _refuse_same(other: Path, storage: Path) -> None:
    if place_of(other.resolve()) == place_of(storage.resolve()):
        raise StorageError(f"'{place_of(storage)}' was named twice; name another storage")


def merge_ledger(
    other: Path, storage: Path, *, with_models: bool, chosen: Collection[Planned] | None = None
) -> Merged:
    """Take in what another storage has and this one lacks; nothing that is here changes.

    Args:
        other: Where it is taken from.
        storage: Where it is put.
        with_models: Whether to take kept models too, and the source of users' own systems.
        chosen: The plans to take, with their trials; by default all plans and all trials.

    Raises:
        LedgerError: If a plan here is damaged.
        OSError: If a file cannot be read or written; the same call goes on.
    """
    pull_plans(storage)
    merged = Merged()
    source, ledger = Ledger(other), Ledger(storage)
    if chosen is None:
        keys: Iterable[str] = sorted(p.parent.name for p in source.trials.glob(f"*/{RECORD_FILE}"))
        merged.searches = sorted(path.name for path in (other / SEARCHES).glob("*"))
    else:
        keys = dict.fromkeys(key for one in chosen for key in one.rows_by_key)
    for key in keys:
        try:
            _merge_trial(key, source, ledger, merged, with_models=with_models)
        except (LedgerError, OwnCodeError) as error:
            merged.faults.append(f"trial '{key}': {error}")
    for path in sorted((other / floor_file.FOLDER).glob(f"*{floor_file.SUFFIX}")):
        _copy_file(path, other, storage)
    if chosen is None:
        plans = sorted((other / planned.FOLDER).glob("*/*.json"))
    else:
        plans = [plan_file(one, other) for one in chosen]
    for path in plans:
        try:
            joined = join_plan(read_plan(path), storage)
        except LedgerError as error:
            merged.faults.append(str(error))
        else:
            publish_file(storage, plan_file(joined.planned, storage))
            merged.plans.append(joined)
    return merged


def _merge_trial(
    key: str, source: Ledger, ledger: Ledger, merged: Merged, *, with_models: bool
) -> None:
    """Take in a trial, if it is finished there.

    Raises:
        LedgerError: If it is damaged, there or here.
        OwnCodeError: If the source of its system is damaged.
    """
    theirs, ours = source.find(key), ledger.find(key)
    if theirs is None:
        return
    if ours is not None:
        is_same = _is_same(ours, theirs, ledger, source)
        (merged.known if is_same else merged.differing).append(key)
        if with_models and _lacks_model(ours, theirs, ledger):
            _take_model(theirs, source, ledger, merged)
            ledger.move_into_place(ours)
            publish_model(ledger.storage, ours)
        return
    source.predictions(theirs)  # whole, and of the record's emotions
    if with_models:
        _take_model(theirs, source, ledger, merged)
    _stage(source.predictions_file(theirs), ledger, theirs, PREDICTIONS_FILE)
    for path in sorted((source.storage / withheld_file.FOLDER).glob(f"{key}-*")):
        _copy_file(path, source.storage, ledger.storage)
    record = source.folder(key) / RECORD_FILE
    create_once(ledger.folder(key) / RECORD_FILE, record.read_bytes())
    standing = ledger.find(key) or theirs
    ledger.move_into_place(standing)
    publish_trial(ledger.storage, standing)
    merged.trials.append(key)


def _is_same(ours: Record, theirs: Record, ledger: Ledger, source: Ledger) -> bool:
    """Whether two trainings of a trial came to the same, however their predictions are packed."""
    if ours.result == theirs.result:
        return True
    sha256 = {"predictions_sha256": ours.result.predictions_sha256}
    if ours.result != theirs.result.model_copy(update=sha256):
        return False
    here, there = ledger.predictions(ours), source.predictions(theirs)
    return all(
        np.array_equal(getattr(here[split], column), getattr(there[split], column))
        for split in EVALUATED_SPLITS
        for column in ("ids", "groups", "labels", "probabilities")
    )


def _lacks_model(ours: Record, theirs: Record, ledger: Ledger) -> bool:
    sha256 = ours.circumstances.model_sha256
    is_same = sha256 is not None and sha256 == theirs.circumstances.model_sha256
    return is_same and not has_model(ledger.storage, ours)


def _take_model(record: Record, source: Ledger, ledger: Ledger, merged: Merged) -> None:
    """Stage a trial's model, and copy its tokenizer and the source of its system, if kept there."""
    if not has_model(source.storage, record):
        return
    fetch_model(source.storage, record)
    model = source.model_file(record)
    if model is None or not model.is_file():
        return
    _take_code(record, source.storage, ledger.storage)
    with suppress(FileNotFoundError):
        tokenizer = (source.folder(record.key) / TOKENIZER_FILE).read_bytes()
        create_once(ledger.folder(record.key) / TOKENIZER_FILE, tokenizer)
    _stage(model, ledger, record, MODEL_FILE)
    merged.models.append(record.key)


def _stage(file: Path, ledger: Ledger, record: Record, name: str) -> None:
    sha256 = {
        PREDICTIONS_FILE: record.result.predictions_sha256,
        MODEL_FILE: record.circumstances.model_sha256,
    }[name]
    if sha256 is None or not stage_copy(file, ledger.folder(record.key) / name, sha256):
        raise LedgerError(f"'{file}' does not have the SHA-256 that the record names; restore it")


def _take_code(record: Record, other: Path, storage: Path) -> None:
    """Copy the source of a user's own system, which nobody runs meanwhile."""
    model = record.trial.config.model
    if not isinstance(model, OwnSystem | UnloadedSystem):
        return
    folder = other / own_code.FOLDER / model.code.digest
    fetch_folder(other, folder)
    if not folder.is_dir():
        raise OwnCodeError(f"'{folder}' is missing, the source of '{model.code.file}'; restore it")
    found = read_source(folder, model.code.module)
    if found.digest != model.code.digest:
        raise OwnCodeError(f"'{folder}' does not hold the source that its name says; restore it")
    target = storage / own_code.FOLDER / model.code.digest
    for name, content in found.files.items():
        create_once(target / name, content)
    publish_files(storage, target, [target / name for name in found.files])


def _copy_file(path: Path, other: Path, storage: Path) -> None:
    """Copy a file that whoever reads it checks; one that is here stays."""
    target = storage / path.relative_to(other)
    if create_once(target, path.read_bytes()):
        publish_file(storage, target)
