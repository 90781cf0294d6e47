"""Storage in a bucket: every command works on a folder of this machine that mirrors the bucket.

`orchestrator.storage.trials` and `orchestrator.storage.corpora` push and fetch trials and corpora.
A storage folder that mirrors no bucket needs none of this: all machines share the folder itself.
"""

import platform
import secrets
from pathlib import Path

from corpora.store.folders import MANIFEST_FILE
from orchestrator.errors import StorageError
from orchestrator.storage.bucket import is_missing_bucket
from orchestrator.storage.folder import CHOICES, URI, locate_storage
from orchestrator.storage.mirror import Mirror, in_parallel, is_bucket, mirror_at, mirror_of
from orchestrator.storage.trials import PATIENCE, pull_trials
from reports.ledger import floor_file, planned, probe
from reports.ledger.files import create_once

OWNER_FILE = "owner"


def locate_place(place: str) -> Path:
    """Return the storage folder that a user names; for a bucket, update and return its mirror.

    Raises:
        LedgerError: If a record in the bucket is damaged.
        StorageError: If the folder or the bucket cannot be used.
    """
    if not URI.match(place):
        return locate_storage(Path(place))
    if not is_bucket(place):
        raise StorageError(
            f"storage '{place}' is neither a folder nor s3://BUCKET/PREFIX; {CHOICES}"
        )
    try:
        mirror = mirror_of(place)
        pull(mirror)
    except (OSError, ValueError) as error:
        cure = "make the bucket first, with `aws s3 mb`, or " if is_missing_bucket(error) else ""
        raise StorageError(f"storage '{place}' cannot be used: {error}; {cure}{CHOICES}") from error
    return mirror.folder


def pull(mirror: Mirror) -> None:
    """Bring up to date with the bucket what commands read: all but corpora and models.

    Corpora and models are fetched only when they are needed.

    Raises:
        LedgerError: If a record is damaged.
        OSError: While the bucket cannot be reached.
    """
    _pull_plans(mirror)
    _pull_probes(mirror)
    mirror.pull(floor_file.FOLDER, lambda name: name.endswith(floor_file.SUFFIX))
    mirror.pull("corpora", lambda name: name.endswith(f"/{MANIFEST_FILE}"))
    pull_trials(mirror)


def pull_plans(storage: Path) -> None:
    """Bring the plans up to date with the bucket, before a command changes them.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        PATIENCE.at_start(_pull_plans, mirror)


def pull_probes(storage: Path) -> None:
    """Bring the probes up to date with the bucket, before a command measures more.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        PATIENCE.at_start(_pull_probes, mirror)


def publish_file(storage: Path, file: Path) -> None:
    """Put a file of the storage folder into the bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        PATIENCE.at_start(mirror.push, file.relative_to(storage).as_posix())


def claim_folder(storage: Path, folder: Path) -> str | None:
    """Reserve a folder of the bucket for this machine, unless another machine has it.

    A file in the bucket and a file in the folder here name the owner. A machine that has lost its
    own file counts as another machine.

    Returns:
        The name of the other machine; None if the folder is ours, or if there is no bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return None
    ours = _name_owner(folder)
    name = (folder / OWNER_FILE).relative_to(storage).as_posix()
    if PATIENCE.at_start(mirror.store.create, name, ours):
        return None
    owner = PATIENCE.at_start(mirror.store.read, name) or b"unknown"
    return owner.decode(errors="replace").split()[0]


def publish_folder(storage: Path, folder: Path) -> str | None:
    """Make a folder of the bucket equal to the same folder of the storage folder.

    Returns:
        The folder's URI; None if the storage folder mirrors no bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return None
    below = folder.relative_to(storage).as_posix()
    PATIENCE.at_start(_publish_folder, mirror, below)
    return f"{mirror.uri}/{below}"


def _name_owner(folder: Path) -> bytes:
    """Return what names this machine as a folder's owner: its name and a random number."""
    file = folder / OWNER_FILE
    folder.mkdir(parents=True, exist_ok=True)
    create_once(file, f"{platform.node()} {secrets.token_hex(8)}\n".encode())
    return file.read_bytes()


def _pull_plans(mirror: Mirror) -> None:
    mirror.pull(planned.FOLDER, lambda name: name.endswith(".json"))


def _pull_probes(mirror: Mirror) -> None:
    mirror.pull(probe.FOLDER, lambda name: name.endswith(".json"))


def _publish_folder(mirror: Mirror, below: str) -> None:
    files = (path for path in (mirror.folder / below).rglob("*") if path.is_file())
    ours = {path.relative_to(mirror.folder).as_posix() for path in files}
    in_parallel(mirror.push, ours)
    in_parallel(mirror.store.remove, set(mirror.store.names(below)) - ours)
