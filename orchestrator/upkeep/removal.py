"""Removes what can go, each thing only while nobody uses it."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.corpus.setup import LOCK_FILE as CORPORA_LOCK
from orchestrator.corpus.setup import MEDIA_FOLDER
from orchestrator.prefixes.store import PrefixStore
from orchestrator.storage.mirror import mirror_at
from orchestrator.upkeep.at_work import AtWork
from orchestrator.upkeep.garbage import REMOVED, Garbage
from reports.ledger.ledger import LOCK_FILE, Ledger
from reports.ledger.locks import locked_if_free

OF_DRIVERS = ("corpora", "media")
"""What any driver may read; no lock says which."""


@dataclass
class Removal:
    """What was removed, and what was in use and stays."""

    removed: list[Garbage] = field(default_factory=list)
    in_use: list[Garbage] = field(default_factory=list)


def split_by_use(
    garbage: Iterable[Garbage], storage: Path, at_work: AtWork
) -> tuple[list[Garbage], list[Garbage]]:
    """Part what can go now from what somebody uses.

    Raises:
        OSError: While the storage cannot be reached.
    """
    free: list[Garbage] = []
    used: list[Garbage] = []
    drivers = at_work.drivers()
    for one in garbage:
        with _held(one, storage, at_work, drivers) as is_free:
            (free if is_free else used).append(one)
    return free, used


def remove(garbage: Iterable[Garbage], storage: Path, at_work: AtWork) -> Removal:
    """Remove what nobody uses now; each thing is asked for again, just before it goes.

    It can be killed at any moment: what is left is garbage again.

    Raises:
        OSError: If a file cannot be removed, or while the storage cannot be reached.
    """
    done = Removal()
    for one in garbage:
        with _held(one, storage, at_work, at_work.drivers()) as is_free:
            if is_free and _discard(one, storage):
                done.removed.append(one)
            else:
                done.in_use.append(one)
    return done


@contextmanager
def _held(one: Garbage, storage: Path, at_work: AtWork, drivers: list[str]) -> Iterator[bool]:
    """Keep others of this machine from something meanwhile; give whether nobody uses it."""
    if one.kind in OF_DRIVERS:
        top = MEDIA_FOLDER if one.kind == "media" else "corpora"
        with locked_if_free(storage / top / CORPORA_LOCK) as is_free:
            yield is_free and not drivers
    elif one.kind == "prefixes":
        yield not PrefixStore(storage).is_used(storage / one.folder)
    elif one.key and at_work.has_trial(one.key):
        yield False
    elif one.key:
        with locked_if_free(Ledger(storage).folder(one.key) / LOCK_FILE) as is_free:
            yield is_free
    else:
        yield True


def _discard(one: Garbage, storage: Path) -> bool:
    """Remove something; return whether it went."""
    if one.kind == "prefixes":
        store = PrefixStore(storage)
        store.remove_unless_used(storage / one.folder)
        return not (storage / one.folder).exists()
    if one.folder:
        _remove_folder(storage / one.folder, storage)
        return True
    mirror = mirror_at(storage)
    for file in one.files:
        if mirror is not None:
            mirror.forget(file.name)
        else:
            (storage / file.name).unlink(missing_ok=True)
    return True


def _remove_folder(folder: Path, storage: Path) -> None:
    """Rename a folder, so that nobody takes a half of it for the whole; then remove it."""
    top = storage / folder.relative_to(storage).parts[0]
    aside = folder
    if not folder.name.endswith(REMOVED):
        name = "-".join(folder.relative_to(top).parts)
        aside = folder.rename(top / f".{name}{REMOVED}")
    shutil.rmtree(aside)
