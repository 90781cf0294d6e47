"""The storage: whether it can be written, how much fits, and whether it keeps its promises."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.doctor.finding import Finding, Wanted
from orchestrator.errors import StorageError
from orchestrator.storage.bucket import is_missing_bucket
from orchestrator.storage.folder import CHOICES, URI, locate_storage, open_storage
from orchestrator.storage.mirror import is_bucket, mirror_of
from reports.ledger.files import create_once, write_atomically
from reports.ledger.locks import locked

LEAST_GIB, ENOUGH_GIB = 1, 10
MAX_CLOCK_GAP_S = 5.0


def folder_of(place: str) -> Path:
    """Return the storage folder, or the mirror of a bucket; nothing is fetched.

    Raises:
        StorageError: If the place cannot be used.
    """
    if not URI.match(place):
        return locate_storage(Path(place))
    if not is_bucket(place):
        raise StorageError(f"storage '{place}' is neither a folder nor s3://BUCKET/PREFIX")
    try:
        return mirror_of(place).folder
    except (OSError, ValueError) as error:
        raise StorageError(f"storage '{place}' cannot be used: {error}") from error


def look_at_storage(wanted: Wanted) -> Iterator[Finding]:
    """Write to the storage; what is written is removed again."""
    try:
        folder = open_storage(folder_of(wanted.storage))
    except StorageError as error:
        is_missing = isinstance(error.__cause__, OSError) and is_missing_bucket(error.__cause__)
        yield Finding(
            subject="storage",
            level="problem",
            text=str(error).removesuffix(f"; {CHOICES}"),
            advice=f"make the bucket with `aws s3 mb`, or {CHOICES}" if is_missing else CHOICES,
        )
        return
    if is_bucket(wanted.storage):
        yield Finding(
            subject="storage",
            level="ok",
            text=f"{wanted.storage} can be written, and never overwrites a created file; its copy "
            f"on this machine is {folder}",
        )
    else:
        yield Finding(subject="storage", level="ok", text=f"{folder} can be written")
    yield _free_space(folder)
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as name:
        yield from look_at_promises(Path(name))


def _free_space(folder: Path) -> Finding:
    free_gib = shutil.disk_usage(folder).free / 2**30
    level = "ok" if free_gib >= ENOUGH_GIB else "note" if free_gib >= LEAST_GIB else "problem"
    return Finding.model_validate(
        {
            "subject": "storage",
            "level": level,
            "text": f"{free_gib:.1f} GiB are free",
            "advice": "" if level == "ok" else "make space; docs/storage.md says what may go",
        }
    )


def look_at_promises(folder: Path) -> Iterator[Finding]:
    """Try what the program builds on: renaming, hard links, locks, and a clock."""
    try:
        faults = _broken_promises(folder)
        write_atomically(folder / "now", b"")
        gap_s = (folder / "now").stat().st_mtime - time.time()
    except OSError as error:
        faults = [f"it refuses renaming, hard links or file locks: {error.strerror or error}"]
        gap_s = None
    for fault in faults:
        advice = "choose a folder on another file system: a local disk, or NFS 4"
        yield Finding(subject="storage", level="problem", text=fault, advice=advice)
    if not faults:
        text = "renames whole files, links once, and keeps locks"
        yield Finding(subject="storage", level="ok", text=text)
    if gap_s is not None:
        yield judge_clock(gap_s)


def _broken_promises(folder: Path) -> list[str]:
    faults = []
    write_atomically(folder / "renamed", b"first")
    write_atomically(folder / "renamed", b"second")
    if (folder / "renamed").read_bytes() != b"second":
        faults.append("a renamed file does not replace another")
    if not create_once(folder / "linked", b"1") or create_once(folder / "linked", b"2"):
        faults.append("a hard link replaces a file, so a trial could get two records")
    if not _locks(folder / "lock"):
        faults.append("file locks keep nobody out")
    return faults


def _locks(file: Path) -> bool:
    """Whether a lock keeps another out."""
    with locked(file), file.open("wb") as second:
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def judge_clock(gap_s: float) -> Finding:
    """Compare the clock of the file system with that of this machine."""
    if abs(gap_s) <= MAX_CLOCK_GAP_S:
        return Finding(subject="clock", level="ok", text="the file system's clock is right")
    return Finding(
        subject="clock",
        level="note",
        text=f"the file system's clock is {abs(gap_s):.0f} s {'ahead' if gap_s > 0 else 'behind'}",
        advice="set the clocks of both machines (NTP); training does not compare them, but times "
        "in reports are wrong",
    )
