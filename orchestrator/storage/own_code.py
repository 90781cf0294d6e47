"""The source of users' systems: kept by its digest in the storage, and loaded from there."""

import importlib
from pathlib import Path
from typing import Any

from models.own.errors import OwnCodeError
from models.own.source import read_source
from models.own.system import OwnSystem, SystemCode, UnloadedSystem, find_class
from models.own.wrapping import class_of
from orchestrator.storage.patience import may_pass
from orchestrator.storage.publish import fetch_folder, publish_files
from reports.ledger.files import write_atomically
from search_spaces.own.importing import user_code
from search_spaces.trial import Trial

FOLDER = "code"
"""The folder of the storage that holds a folder for each digest."""


def keep_code(system: OwnSystem, storage: Path) -> None:
    """Keep the source of a system, for workers and for whoever loads its models later.

    Raises:
        OSError: If the storage cannot be written.
        OwnCodeError: If the source is not known.
    """
    folder, source = storage / FOLDER / system.code.digest, system.source()
    if _digest_of(folder, system.code) != system.code.digest:
        for name, content in source.files.items():
            write_atomically(folder / name, content)
    publish_files(storage, folder, [folder / name for name in source.files])


def with_own_code(trial: Trial, storage: Path) -> Trial:
    """Return a trial whose system has its code: that of a user's own system is loaded.

    Raises:
        OSError: While the storage cannot be reached.
        OwnCodeError: If the code is missing, was changed, or does not import.
    """
    model = trial.config.model
    if not isinstance(model, UnloadedSystem):
        return trial
    load_class(model.code, storage)
    loaded = Trial.model_validate(trial.model_dump(mode="json"))
    if loaded.key != trial.key:
        raise OwnCodeError(
            f"'{model.code.file}' reads its settings otherwise than when trial '{trial.key}' was "
            "planned; run the command again"
        )
    return loaded


def load_class(code: SystemCode, storage: Path) -> type[OwnSystem]:
    """Load the class of a system from the source that the storage keeps.

    Raises:
        OSError: While the storage cannot be reached.
        OwnCodeError: If the code is missing, was changed, or does not import.
    """
    if (known := find_class(code)) is not None:
        return known
    folder = storage / FOLDER / code.digest
    fetch_folder(storage, folder)
    if _digest_of(folder, code) != code.digest:
        raise OwnCodeError(
            f"'{folder}' does not hold the source of '{code.file}' with which the trial was "
            "planned: it is missing or was changed; run the study again, which puts it there"
        )
    with user_code(folder):
        found: Any = getattr(_import(code, folder), code.name, None)
        if find_class(code) is None and isinstance(found, type):
            class_of(found, code.recipe)  # an nn.Module: its config class is made anew
    loaded = find_class(code)
    if loaded is None:
        raise OwnCodeError(f"'{code.file}' in '{folder}' defines no system '{code.name}'")
    return loaded


def _import(code: SystemCode, folder: Path) -> object:
    try:
        return importlib.import_module(code.module)
    except ModuleNotFoundError as error:
        raise OwnCodeError(
            f"'{code.file}' needs the module '{error.name}', which is not there: if it is a "
            "package, install it on every machine that trains (`setup_commands` of the cluster's "
            f"file); if it lies beside '{code.file}', import it by a statement, so that it travels"
        ) from error
    except Exception as error:  # a user's code may raise anything
        raise OwnCodeError(
            f"'{code.file}' does not import from its copy in '{folder}': {type(error).__name__}: "
            f"{error}; it must not need files beside it that it does not import"
        ) from error


def _digest_of(folder: Path, code: SystemCode) -> str:
    """Return the digest of a kept source; empty if there is none.

    Raises:
        OSError: If it cannot be read now.
    """
    try:
        return read_source(folder, code.module).digest if folder.is_dir() else ""
    except OwnCodeError as error:
        if isinstance(error.__cause__, OSError) and may_pass(error.__cause__):
            raise error.__cause__ from error
        return ""  # a damaged file
