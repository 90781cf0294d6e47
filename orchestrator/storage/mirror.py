"""A storage folder that mirrors a bucket: what this machine has fetched of it, and what it pushes.

`.bucket/origin` in the folder names the bucket. `.bucket/seen/<file>` names the version of a file
that was fetched or pushed last: so a file is fetched again only if it changed there, one that is
not in the bucket yet stays, and one that was removed there goes.
"""

import hashlib
import os
import platform
import re
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from orchestrator.storage.bucket import SCHEME, BucketStore, Version, endpoint
from reports.ledger.files import PARTIAL_SUFFIX, write_atomically

OWN_FOLDER = ".bucket"
ORIGIN_FILE = Path(OWN_FOLDER, "origin")
SEEN_FOLDER = Path(OWN_FOLDER, "seen")
NUM_THREADS = 16


@dataclass(frozen=True)
class Mirror:
    """A folder of this machine and the bucket that it mirrors.

    Files have one name, relative to the folder and in the bucket; where the two differ, the
    bucket's is `source` or `target`. All methods raise OSError while the bucket cannot be reached.
    """

    folder: Path
    uri: str

    @cached_property
    def store(self) -> BucketStore:
        """The bucket."""
        return BucketStore(self.uri)

    def fetch(self, name: str, version: Version | None, *, source: str | None = None) -> None:
        """Bring a file level with the bucket.

        Args:
            name: The file.
            version: What the bucket holds; None if it has no such file. Then ours goes, if it came
                from there, and stays if it never was there.
            source: The file's name in the bucket, if it is another.
        """
        source = source or name
        if version is None:
            if self.has_seen(name):
                self.forget(name)
            return
        if not self.is_level(name, version, source):
            self._download(source, version.size, self.folder / name)
            self.mark(name, version, source)

    def push(self, name: str, *, target: str | None = None) -> None:
        """Put a file into the bucket, in place of what is there."""
        target = target or name
        self.store.upload(self.folder / name, target)
        version = self.store.version(target)
        if version is not None:
            self.mark(name, version, target)

    def pull(self, below: str, wanted: Callable[[str], bool]) -> None:
        """Bring those files below a folder level with the bucket whose names are wanted."""
        seen = set(filter(wanted, self._seen_names(below)))  # before: another may push meanwhile
        there = {name: v for name, v in self.store.versions(below).items() if wanted(name)}
        gone = seen - there.keys()
        in_parallel(lambda name: self.fetch(name, there.get(name)), [*there, *gone])

    def is_level(self, name: str, version: Version, source: str | None = None) -> bool:
        """Whether a file is here as the bucket has it."""
        is_known = self._seen(name) == _seen_text(source or name, version)
        return is_known and (self.folder / name).is_file()

    def mark(self, name: str, version: Version, source: str) -> None:
        """Note that a file is the bucket's."""
        marker = self._seen_file(name)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(_seen_text(source, version), encoding="utf-8")

    def forget(self, name: str) -> None:
        """Remove a file here; it is fetched again when it is needed."""
        (self.folder / name).unlink(missing_ok=True)
        self._seen_file(name).unlink(missing_ok=True)

    def has_seen(self, name: str) -> bool:
        """Whether a file of this name was fetched or pushed."""
        return self._seen_file(name).is_file()

    def _seen(self, name: str) -> str:
        try:
            return self._seen_file(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _seen_file(self, name: str) -> Path:
        return self.folder / SEEN_FOLDER / name

    def _seen_names(self, below: str) -> list[str]:
        folder = self.folder / SEEN_FOLDER
        files = (path for path in (folder / below).rglob("*") if path.is_file())
        return [path.relative_to(folder).as_posix() for path in files]

    def _download(self, source: str, size: int, path: Path) -> None:
        """Fetch a file and put it into its place when it is whole and safe on disk."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
        try:
            self.store.download(source, partial)
            if partial.stat().st_size != size:
                raise OSError(f"'{self.uri}/{source}' changed while it was read")
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def is_bucket(place: str) -> bool:
    """Whether a place is in a bucket."""
    return place.startswith(SCHEME)


def mirror_of(uri: str) -> Mirror:
    """Return this machine's mirror of a bucket; its folder is made if need be.

    Machines that share a cache folder, such as a home on NFS, have a mirror each.

    Raises:
        ValueError: If the URI names no bucket.
        OSError: If the folder cannot be made.
    """
    uri = BucketStore(uri).uri  # as it is written with no slash too many
    name = re.sub(r"[^\w.-]+", "-", uri.removeprefix(SCHEME))[:60]
    digest = hashlib.sha256(f"{endpoint()} {uri} {_machine_id()}".encode()).hexdigest()
    folder = _cache_folder() / platform.node() / f"{name}-{digest[:8]}"
    origin = folder / ORIGIN_FILE
    if not origin.is_file():
        origin.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(origin, uri.encode())
    return _mirror(folder, uri)


def mirror_at(storage: Path) -> Mirror | None:
    """Return the mirror that a storage folder is, or None if it is no mirror."""
    try:
        return _mirror(storage, (storage / ORIGIN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None


def place_of(storage: Path) -> str:
    """Name a storage folder so that any machine finds it: by its bucket's URI, or its path."""
    mirror = mirror_at(storage)
    return str(storage) if mirror is None else mirror.uri


@cache
def _mirror(folder: Path, uri: str) -> Mirror:
    return Mirror(folder, uri)


def _cache_folder() -> Path:
    own, base = os.environ.get("MMER_SWEEP_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own).expanduser().absolute()
    return (Path(base) if base else Path.home() / ".cache") / "mmer-sweep"


def _machine_id() -> str:
    """Tell machines of one name apart, also after they started anew, where the system can."""
    try:
        return Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def in_parallel(do: Callable[[str], object], names: Iterable[str]) -> None:
    """Do something for each of some files, several at a time; the first error is raised."""
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for _ in pool.map(do, names):
            pass


def _seen_text(source: str, version: Version) -> str:
    return f"{source} {version.tag}"
