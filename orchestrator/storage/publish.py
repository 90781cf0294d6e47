"""Storage in a bucket: every command works on a folder of this machine that mirrors the bucket.

`orchestrator.storage.trials` and `orchestrator.storage.corpora` push and fetch trials and corpora.
A storage folder that mirrors no bucket needs none of this: all machines share the folder itself.
"""

from collections.abc import Iterable
from pathlib import Path

from corpora.store.folders import MANIFEST_FILE
from corpora.store.folds import FOLDS_FILE
from orchestrator.errors import StorageError
from orchestrator.storage.bucket import is_missing_bucket
from orchestrator.storage.folder import CHOICES, URI, locate_storage
from orchestrator.storage.mirror import Mirror, in_parallel, is_bucket, mirror_at, mirror_of
from orchestrator.storage.trials import PATIENCE, pull_trials
from reports.ledger import floor_file, planned, probe, withheld_file


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

    Of corpora, manifests and folds are fetched; the rest and models only when they are needed.

    Raises:
        LedgerError: If a record is damaged.
        OSError: While the bucket cannot be reached.
    """
    _pull_plans(mirror)
    _pull_probes(mirror)
    mirror.pull(floor_file.FOLDER, lambda name: name.endswith(floor_file.SUFFIX))
    mirror.pull(withheld_file.FOLDER, lambda name: name.endswith(withheld_file.SUFFIX))
    mirror.pull("corpora", lambda name: name.endswith((f"/{MANIFEST_FILE}", f"/{FOLDS_FILE}")))
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


def fetch_file(storage: Path, file: Path) -> None:
    """Bring a file of the storage folder up to date with the bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        PATIENCE.at_start(_fetch_file, mirror, file.relative_to(storage).as_posix())


def fetch_folder(storage: Path, folder: Path) -> None:
    """Bring a folder of the storage folder up to date with the bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        below = folder.relative_to(storage).as_posix()
        PATIENCE.at_start(mirror.pull, below, lambda name: True)


def publish_files(storage: Path, folder: Path, files: Iterable[Path]) -> str | None:
    """Put files of a folder into the bucket; leave what else is in that folder there.

    Returns:
        The folder's URI; None if the storage folder mirrors no bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return None
    names = [file.relative_to(storage).as_posix() for file in files]
    PATIENCE.at_start(in_parallel, mirror.push, names)
    return f"{mirror.uri}/{folder.relative_to(storage).as_posix()}"


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


def _fetch_file(mirror: Mirror, name: str) -> None:
    mirror.fetch(name, mirror.store.version(name))


def _pull_plans(mirror: Mirror) -> None:
    mirror.pull(planned.FOLDER, lambda name: name.endswith(".json"))


def _pull_probes(mirror: Mirror) -> None:
    mirror.pull(probe.FOLDER, lambda name: name.endswith(".json"))


def _publish_folder(mirror: Mirror, below: str) -> None:
    files = (path for path in (mirror.folder / below).rglob("*") if path.is_file())
    ours = {path.relative_to(mirror.folder).as_posix() for path in files}
    in_parallel(mirror.push, ours)
    in_parallel(mirror.store.remove, set(mirror.store.names(below)) - ours)
