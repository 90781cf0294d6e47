"""Prepared corpora in a bucket: one machine prepares and pushes them, others fetch them.

The splits lie in a folder named by the corpus's fingerprint. The manifest lies beside it and is
written last. So a corpus that is prepared again never mixes with its earlier version. The file of
its folds names no fingerprint: trials name the digest of what it must say.
"""

from collections.abc import Mapping
from pathlib import Path

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed
from corpora.store.folders import MANIFEST_FILE, recipe_folder, split_file
from corpora.store.folds import folds_file
from corpora.store.manifest import Manifest
from corpora.store.remarked import REMARKS_FILE
from corpora.store.splits import check_splits
from orchestrator.storage.bucket import Version
from orchestrator.storage.mirror import OWN_FOLDER, Mirror, mirror_at
from reports.ledger.locks import locked

LOCK_FILE = Path(OWN_FOLDER, "corpora.lock")
DIGITS = 16


def publish_corpus(storage: Path, manifest: Manifest) -> None:
    """Put a corpus that this machine prepared into the bucket, unless it is there.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return
    folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
    files = [split_file(folder, split) for split in manifest.splits]
    files += [path for path in [folder / REMARKS_FILE] if path.is_file()]  # newer than the others
    ours = _name(mirror, folder / MANIFEST_FILE)
    there = _manifest_in(mirror.store.read(ours))
    if there is not None and there.fingerprint == manifest.fingerprint:
        if there.sha256 not in ({}, manifest.sha256):  # two prepared it: the first counts
            for file in (*files, folder / MANIFEST_FILE):
                mirror.forget(_name(mirror, file))
        mirror.fetch(ours, mirror.store.version(ours))
        return
    for file in files:
        name = _name(mirror, file)
        mirror.push(name, target=_with_fingerprint(name, manifest.fingerprint))
    mirror.push(ours)


def check_corpus(storage: Path, manifest: Manifest) -> None:
    """Compare the files of a corpus with its manifest; those that are only in a bucket come later.

    Raises:
        DamagedCorpusError: If a file is missing, or is not the one that the manifest names.
    """
    folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
    splits = list(manifest.splits)
    if mirror_at(storage) is not None:
        splits = [split for split in splits if split_file(folder, split).is_file()]
    check_splits(folder, manifest, splits)


def fetch_corpus(storage: Path, name: str, recipe: str, fingerprint: str) -> None:
    """Fetch the missing files of a corpus, once for each machine; ignore those not in the bucket.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return
    folder = recipe_folder(storage, name, recipe)
    manifest = _name(mirror, folder / MANIFEST_FILE)
    with locked(storage / LOCK_FILE):
        version = mirror.store.version(manifest)
        if version is None:
            return
        for source, split in _sources(mirror, manifest, fingerprint).items():
            mirror.fetch(_name(mirror, folder / Path(source).name), split, source=source)
        mirror.fetch(manifest, version)


def publish_folds(storage: Path, name: str, *, replaces: bool) -> None:
    """Put the folds of a corpus into the bucket; `replaces` those there, or leaves them.

    Without folds here, those there are removed, if they are to be replaced.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    if mirror is None:
        return
    path = folds_file(storage, name)
    file = _name(mirror, path)
    if not replaces and mirror.store.version(file) is not None:
        return
    if path.is_file():
        mirror.push(file)
    elif replaces:
        mirror.store.remove(file)
        mirror.forget(file)


def fetch_folds(storage: Path, name: str) -> None:
    """Bring the folds of a corpus up to date with the bucket; those that are only here stay.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    if mirror is not None:
        file = _name(mirror, folds_file(storage, name))
        with locked(storage / LOCK_FILE):
            mirror.fetch(file, mirror.store.version(file))


def _sources(mirror: Mirror, manifest: str, fingerprint: str) -> Mapping[str, Version]:
    """List the files of a corpus in the bucket, without its manifest.

    They lie beside the manifest if a storage folder was copied into the bucket.
    """
    below = _with_fingerprint(manifest, fingerprint).rpartition("/")[0]
    named = mirror.store.versions(below)
    if named:
        return named
    folder = manifest.rpartition("/")[0]
    there = mirror.store.versions(folder)
    return {
        name: version
        for name, version in there.items()
        if name != manifest and name.rpartition("/")[0] == folder
    }


def _name(mirror: Mirror, path: Path) -> str:
    return path.relative_to(mirror.folder).as_posix()


def _with_fingerprint(name: str, fingerprint: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/{fingerprint[:DIGITS]}/{file}"


def _manifest_in(content: bytes | None) -> Manifest | None:
    """Read a manifest; None if there is none, or if it is damaged or of another version."""
    try:
        return None if content is None else parse_sealed(content, Manifest)
    except ParseError:
        return None
