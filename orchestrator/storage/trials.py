"""Trials in a bucket: what a machine fetches before it works on them, and what it puts there.

If the storage folder mirrors no bucket, these functions do nothing: all machines share the folder.
In the bucket, the names of predictions and models contain their digest. So if two machines finish
the same trial, neither overwrites files that the other's record names. The record is created last,
and only once.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from corpora.parsing.errors import ParseError
from orchestrator.errors import StorageError
from orchestrator.storage.bucket import Version
from orchestrator.storage.mirror import Mirror, in_parallel, is_bucket, mirror_at, mirror_of
from orchestrator.storage.patience import Patience
from reports.ledger.files import DAMAGED_SUFFIX, sha256_of, staged_at, write_atomically
from reports.ledger.ledger import (
    CHECKPOINT_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    TOKENIZER_FILE,
    Ledger,
    LedgerError,
    remove_partial_files,
)
from reports.ledger.record import Record
from reports.ledger.record_file import parse_record
from search_spaces.trial import Trial

TRIALS = "trials"
PATIENCE = Patience()
WARN = logging.getLogger(__name__).warning


def prepare_trial(place: str, trial: Trial, *, patience: Patience = PATIENCE) -> Path:
    """Fetch what other machines left of a trial; return the storage folder of this machine.

    It fetches the trial's record, or the checkpoint to continue from. The corpus is fetched when it
    is opened.

    Args:
        place: The result of `place_of` on the driver.
        trial: The trial that is about to train.
        patience: How long to wait for an unreachable bucket.

    Raises:
        OSError: If the bucket was unreachable for too long.
    """
    if not is_bucket(place):
        return Path(place)
    mirror = mirror_of(place)
    patience.at_start(_fetch_what_is_left, mirror, trial.key)
    return mirror.folder


def publish_epoch(storage: Path, key: str, *, patience: Patience = PATIENCE) -> None:
    """Put a trial's checkpoint into the bucket, so that any machine can continue from it.

    Raises:
        OSError: If that fails for some time. If this machine is lost then, the trial continues from
            an earlier epoch.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return
    try:
        patience.for_checkpoint(mirror.push, _name(key, CHECKPOINT_FILE))
    except OSError as error:
        raise OSError(f"checkpoint of trial '{key}' is not in '{mirror.uri}': {error}") from error


def publish_trial(storage: Path, record: Record, *, patience: Patience = PATIENCE) -> Record:
    """Put a finished trial into the bucket, its record last.

    Returns:
        The valid record. If another machine's was there first, it replaces ours here.

    Raises:
        LedgerError: If a file of the trial is not the one that the record names.
        StorageError: If the bucket was unreachable for too long. The trial is complete in the
            mirror, and the next command on this machine puts it into the bucket.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return record
    try:
        return patience.at_end(_publish, mirror, record)
    except OSError as error:
        raise StorageError(
            f"trial '{record.key}' is finished and lies in '{storage}', but '{mirror.uri}' could "
            f"not be written: {error}; the next command on this machine puts it there"
        ) from error


def publish_model(storage: Path, record: Record, *, patience: Patience = PATIENCE) -> None:
    """Put the model of a trial into the bucket that has the trial's record already.

    Raises:
        LedgerError: If a file of the trial is not the one that the record names.
        OSError: If the bucket was unreachable for too long.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        patience.at_start(_push_named, mirror, record)
        mirror.forget(_name(record.key, MODEL_FILE))


def remove_checkpoint(storage: Path, key: str) -> None:
    """Remove the checkpoint of a trial that never trains again, here and in the bucket.

    If a worker is writing it here, its write fails. If a worker is pushing it, its push does not.

    Raises:
        OSError: If the checkpoint cannot be removed.
    """
    for name in (CHECKPOINT_FILE, f"{CHECKPOINT_FILE}{DAMAGED_SUFFIX}"):
        (storage / _name(key, name)).unlink(missing_ok=True)
    remove_partial_files(storage / _name(key))
    mirror = mirror_at(storage)
    if mirror is not None:
        mirror.store.remove(_name(key, CHECKPOINT_FILE))


def fetch_record(storage: Path, key: str) -> Record | None:
    """Read a trial's record, if any machine has finished the trial.

    Raises:
        LedgerError: If the record is damaged.
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    name = _name(key, RECORD_FILE)
    if mirror is not None and not (mirror.has_seen(name) and (storage / name).is_file()):
        versions = mirror.store.versions(_name(key))
        if name not in versions:
            return None
        _fetch_finished(mirror, key, versions)
    return Ledger(storage).find(key)


def has_model(storage: Path, record: Record) -> bool:
    """Whether the model of a trial was kept and still exists, here or in the bucket.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    sha256 = record.circumstances.model_sha256
    model = Ledger(storage).model_file(record)
    if sha256 is None or model is None or model.is_file():
        return sha256 is not None
    mirror = mirror_at(storage)
    if mirror is None:
        return False
    versions = mirror.store.versions(_name(record.key))
    return _source(_name(record.key, MODEL_FILE), sha256, versions) in versions


def fetch_model(storage: Path, record: Record) -> None:
    """Fetch the model that a trial kept and its tokenizer, unless the same files are here.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    sha256 = record.circumstances.model_sha256
    if mirror is None or sha256 is None:
        return
    model, tokenizer = _name(record.key, MODEL_FILE), _name(record.key, TOKENIZER_FILE)
    versions = mirror.store.versions(_name(record.key))
    mirror.fetch(tokenizer, versions.get(tokenizer))
    source = _source(model, sha256, versions)
    mirror.fetch(model, versions.get(source), source=source)


def pull_trials(mirror: Mirror, *, on_trouble: Callable[[str], None] = WARN) -> None:
    """Bring records and predictions up to date with the bucket.

    Trials that finished here while the bucket was unreachable are pushed. Trials that were removed
    in the bucket are removed here. If a trial cannot be pushed, `on_trouble` is called with the
    reason, and the next command tries again.

    Raises:
        LedgerError: If a record is damaged.
        OSError: While the bucket cannot be reached.
    """
    ledger = Ledger(mirror.folder)
    here = [path.parent.name for path in ledger.trials.glob(f"*/{RECORD_FILE}")]
    published = {key for key in here if mirror.has_seen(_name(key, RECORD_FILE))}
    versions = mirror.store.versions(TRIALS)  # last: another process may publish
    there = {name.split("/")[1] for name in versions if name.endswith(f"/{RECORD_FILE}")}
    in_parallel(lambda key: _fetch_finished(mirror, key, versions), there)
    for key in published - there:
        mirror.forget(_name(key, RECORD_FILE))
    unpublished = ledger.finished(set(here) - published - there)
    in_parallel(lambda key: _publish_late(mirror, unpublished[key], on_trouble), unpublished)


def _publish_late(mirror: Mirror, record: Record, on_trouble: Callable[[str], None]) -> None:
    try:
        _publish(mirror, record)
    except (LedgerError, OSError) as error:
        on_trouble(f"finished trial '{record.key}' is not in '{mirror.uri}': {error}")


def _fetch_what_is_left(mirror: Mirror, key: str) -> None:
    """Fetch a trial's record or, if it has none, its checkpoint."""
    record, checkpoint = _name(key, RECORD_FILE), _name(key, CHECKPOINT_FILE)
    was_published = mirror.has_seen(record)
    versions = mirror.store.versions(_name(key))
    if record in versions:
        _fetch_finished(mirror, key, versions)
    else:
        if was_published:  # and was removed there later
            mirror.forget(record)
        mirror.fetch(checkpoint, versions.get(checkpoint))


def _fetch_finished(mirror: Mirror, key: str, versions: Mapping[str, Version]) -> None:
    """Fetch the predictions that a record names, then the record."""
    name, predictions = _name(key, RECORD_FILE), _name(key, PREDICTIONS_FILE)
    if mirror.is_level(name, versions[name]):
        return
    content = mirror.store.read(name)
    if content is None:
        return
    try:
        sha256 = parse_record(content, key).result.predictions_sha256
    except ParseError as error:
        raise LedgerError(
            f"record '{mirror.uri}/{name}' is damaged: {error}; restore it, or remove its folder "
            "from the bucket to train the trial again"
        ) from error
    source = _source(predictions, sha256, versions)
    if source not in versions:
        raise LedgerError(
            f"predictions '{mirror.uri}/{source}' are missing though the trial has a record"
        )
    mirror.fetch(predictions, versions[source], source=source)
    write_atomically(mirror.folder / name, content)
    mirror.mark(name, versions[name], name)


def _publish(mirror: Mirror, record: Record) -> Record:
    """Push the files that a record names, create the record, and return the valid one."""
    key = record.key
    name = _name(key, RECORD_FILE)
    if mirror.has_seen(name):
        return record
    Ledger(mirror.folder).move_into_place(record)
    pushed = _push_named(mirror, record)
    created = mirror.store.create(name, (mirror.folder / name).read_bytes())
    versions = mirror.store.versions(_name(key))
    if name not in versions:
        raise FileNotFoundError(f"'{mirror.uri}/{name}' was removed right after it was written")
    if created:
        mirror.mark(name, versions[name], name)
    else:
        _fetch_finished(mirror, key, versions)
    mirror.forget(_name(key, MODEL_FILE))  # else a week of training would fill the disk
    mirror.store.remove(_name(key, CHECKPOINT_FILE))
    standing = Ledger(mirror.folder).find(key) or record
    for target in pushed - {_with_digest(*named) for named in _digests(standing).items()}:
        mirror.store.remove(target)
    return standing


def _push_named(mirror: Mirror, record: Record) -> set[str]:
    """Push predictions, model and tokenizer; return their names with digests.

    Model and tokenizer may be missing, because the user may delete them.

    Raises:
        LedgerError: If the predictions are missing, or a file is not the one that the record names.
    """
    key, pushed = record.key, set()
    for file, sha256 in _digests(record).items():
        path = mirror.folder / file
        if path.is_file():
            if sha256_of(path) != sha256:
                raise LedgerError(f"'{path}' is not the file that the record of '{key}' names")
            mirror.push(file, target=_with_digest(file, sha256))
            pushed.add(_with_digest(file, sha256))
        elif path.name == PREDICTIONS_FILE:
            raise LedgerError(f"predictions '{path}' are missing though the trial has a record")
    tokenizer = _name(key, TOKENIZER_FILE)
    if (mirror.folder / tokenizer).is_file():
        mirror.push(tokenizer)
    return pushed


def _digests(record: Record) -> dict[str, str]:
    """List the files that a record identifies by their content, with their SHA-256."""
    digests = {_name(record.key, PREDICTIONS_FILE): record.result.predictions_sha256}
    if record.circumstances.model_sha256 is not None:
        digests[_name(record.key, MODEL_FILE)] = record.circumstances.model_sha256
    return digests


def _name(key: str, *file: str) -> str:
    return "/".join((TRIALS, key, *file))


def _source(name: str, sha256: str, versions: Mapping[str, Version]) -> str:
    """Name a file in the bucket: with its digest, or plainly if a storage folder was copied there.

    Whoever reads the file compares it with the digest.
    """
    source = _with_digest(name, sha256)
    return name if source not in versions and name in versions else source


def _with_digest(name: str, sha256: str) -> str:
    """Add a file's digest to its name: `model-<digest>.safetensors`."""
    return staged_at(Path(name), sha256).as_posix()
