"""A storage folder that mirrors a bucket: the files that this machine fetched or will push.

`.bucket/origin` in the folder names the bucket and, on a second line, the folder itself: so a copy
of a mirror is a plain folder, from which nothing goes into the bucket. `.bucket/seen/<file>` names
the version of a file that was fetched or pushed last. So a file is fetched again only if it changed
in the bucket, a file that is not in the bucket yet stays here, and a file that was removed there is
removed here.
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

from corpora.parsing.paths import expand_home
from orchestrator.errors import StorageError
from orchestrator.storage.bucket import SCHEME, BucketStore, Version, endpoint
from reports.ledger.files import PARTIAL_SUFFIX, write_atomically

OWN_FOLDER = ".bucket"
ORIGIN_FILE = Path(OWN_FOLDER, "origin")
SEEN_FOLDER = Path(OWN_FOLDER, "seen")
NUM_THREADS = 16


@dataclass(frozen=True)
class Mirror:
    """A folder of this machine and the bucket that it mirrors.

    A file usually has the same name relative to the folder and in the bucket. If the two differ,
    `source` or `target` is the name in the bucket. All methods raise OSError while the bucket
    cannot be reached.
    """

    folder: Path
    uri: str

    @cached_property
    def store(self) -> BucketStore:
        """The bucket."""
        return BucketStore(self.uri)

    def fetch(self, name: str, version: Version | None, *, source: str | None = None) -> None:
        """Bring a file up to date with the bucket.

        Args:
            name: The file.
            version: Its version in the bucket; None if it is not there. Then our file is removed if
                it was in the bucket before, and stays if it never was.
            source: The file's name in the bucket, if it differs.
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
        """Put a file into the bucket; replace the file that is there."""
        target = target or name
        self.store.upload(self.folder / name, target)
        version = self.store.version(target)
        if version is not None:
            self.mark(name, version, target)

    def pull(self, below: str, wanted: Callable[[str], bool]) -> None:
        """Bring the files below a folder whose names are wanted up to date with the bucket."""
        seen = set(filter(wanted, self._seen_names(below)))  # first: another process may push
        there = {name: v for name, v in self.store.versions(below).items() if wanted(name)}
        gone = seen - there.keys()
        in_parallel(lambda name: self.fetch(name, there.get(name)), [*there, *gone])

    def is_level(self, name: str, version: Version, source: str | None = None) -> bool:
        """Whether the file here is the version in the bucket."""
        is_known = self._seen(name) == _seen_text(source or name, version)
        return is_known and (self.folder / name).is_file()

    def is_in_bucket(self, name: str) -> bool:
        """Whether the bucket holds what was fetched or pushed as this file, in that version."""
        source, _, tag = self._seen(name).rpartition(" ")
        version = self.store.version(source) if source else None
        return version is not None and version.tag == tag

    def mark(self, name: str, version: Version, source: str) -> None:
        """Note that the file here is the version in the bucket."""
        marker = self._seen_file(name)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(_seen_text(source, version), encoding="utf-8")

    def forget(self, name: str) -> None:
        """Remove a file here; it can be fetched again when it is needed."""
        (self.folder / name).unlink(missing_ok=True)
        self._seen_file(name).unlink(missing_ok=True)

    def has_seen(self, name: str) -> bool:
        """Whether a file of this name was fetched or pushed."""
        return self._seen_file(name).is_file()

    def _seen(self, name: str) -> str:
        try:
            return self._seen_file(name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def _seen_file(self, name: str) -> Path:
        return self.folder / SEEN_FOLDER / name

    def _seen_names(self, below: str) -> list[str]:
        folder = self.folder / SEEN_FOLDER
        files = (path for path in (folder / below).rglob("*") if path.is_file())
        return [path.relative_to(folder).as_posix() for path in files]

    def _download(self, source: str, size: int, path: Path) -> None:
        """Fetch a file; move it to its path when it is complete and safe on disk."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
        try:
            self.store.download(source, partial)
            if partial.stat().st_size != size:
                raise OSError(f"'{self.uri}/{source}' changed while we read it")
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def is_bucket(place: str) -> bool:
    """Whether a place is in a bucket."""
    return place.startswith(SCHEME)


def mirror_of(uri: str) -> Mirror:
    """Return this machine's mirror of a bucket; make its folder if needed.

    Machines that share a cache folder, such as a home on NFS, each have their own mirror.

    Raises:
        ValueError: If the URI names no bucket, or has characters that cannot be printed.
        OSError: If the folder cannot be made.
    """
    uri = BucketStore(uri).uri  # without superfluous slashes
    if not uri.isprintable():
        raise ValueError("its name has characters that cannot be printed")
    name = re.sub(r"[^\w.-]+", "-", uri.removeprefix(SCHEME))[:60]
    digest = hashlib.sha256(f"{endpoint()} {uri} {_machine_id()}".encode()).hexdigest()
    folder = _cache_folder() / platform.node() / f"{name}-{digest[:8]}"
    origin = folder / ORIGIN_FILE
    content = b"\n".join((uri.encode(), os.fsencode(folder), b""))
    if not origin.is_file() or origin.read_bytes() != content:
        origin.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(origin, content)
    return _mirror(folder, uri)


def mirror_at(storage: Path) -> Mirror | None:
    """Return a storage folder as a mirror; None if it mirrors no bucket, or is a copy of a mirror.

    Raises:
        StorageError: If the file that names the bucket is damaged.
    """
    origin = storage / ORIGIN_FILE
    try:
        content = origin.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    named, _, made_for = content.partition(b"\n")
    uri = named.decode(errors="replace")
    if not is_bucket(uri) or not uri.isprintable() or "\N{REPLACEMENT CHARACTER}" in uri:
        raise StorageError(
            f"'{origin}' is damaged: it must name the bucket that '{storage}' mirrors; write its "
            f"address {SCHEME}BUCKET/PREFIX into the file"
        )
    folder = Path(os.fsdecode(made_for.strip(b"\n")))
    # Unlike that of pathlib, this function takes a folder that the user may not reach for none.
    if made_for and not (os.path.isdir(folder) and folder.samefile(storage)):  # noqa: PTH112
        return None
    return _mirror(storage, uri)


def place_of(storage: Path) -> str:
    """Name a storage folder so that any machine can find it: by its bucket's URI, or its path."""
    mirror = mirror_at(storage)
    return str(storage) if mirror is None else mirror.uri


@cache
def _mirror(folder: Path, uri: str) -> Mirror:
    return Mirror(folder, uri)


def _cache_folder() -> Path:
    own, base = os.environ.get("MMER_SWEEP_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return expand_home(own).absolute()
    return (Path(base) if base else Path.home() / ".cache").absolute() / "mmer-sweep"


def _machine_id() -> str:
    """Return an id that differs between machines of one name, and stays the same after a reboot.

    Not all systems have such an id.
    """
    try:
        return Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def in_parallel(do: Callable[[str], object], names: Iterable[str]) -> None:
    """Call a function for each file, several at a time; raise the first error."""
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for _ in pool.map(do, names):
            pass


def _seen_text(source: str, version: Version) -> str:
    return f"{source} {version.tag}"
