"""The files of a prepared corpus, one a split: each is checked when it is first opened.

A file must have the SHA-256 that the manifest names. To hash a large corpus takes a while, so a
note beside the manifest holds the size and the time of change that each file had when it was right;
while these are the same, the file is not hashed again. A manifest of an earlier version names no
digests; of its files the columns, the number of utterances and the positives are checked.
"""

import hashlib
import os
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from corpora.recipes.columns import LABELS
from corpora.source.errors import DamagedCorpusError
from corpora.source.names import SYNTHETIC
from corpora.source.split import SPLITS, Split
from corpora.store.folders import split_file
from corpora.store.manifest import Manifest
from corpora.store.prepared import schema_of

CHECKED_FILE = "checked.json"


class _Checked(BaseModel):
    """With this size and time of change, a file had this SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_bytes: int
    changed_ns: int
    sha256: str


class _Note(BaseModel):
    """What was checked of a corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: dict[Split, _Checked] = {}


def open_splits(
    folder: Path, manifest: Manifest, splits: Collection[Split] = SPLITS
) -> dict[Split, pa.Table]:
    """Map the files of some splits into memory.

    Raises:
        DamagedCorpusError: If a file is missing, or is not the one that the manifest describes.
    """
    check_splits(folder, manifest, splits)
    return {split: _open(split_file(folder, split), manifest, split) for split in splits}


def check_splits(folder: Path, manifest: Manifest, splits: Collection[Split] = SPLITS) -> None:
    """Compare the files of some splits with the digests in the manifest, if it names any.

    Raises:
        DamagedCorpusError: If a file is missing, or has another digest.
    """
    known, found = _read_note(folder), {}
    for split in splits:
        path = split_file(folder, split)
        if not path.is_file():
            raise _damaged(path, manifest, "it is missing")
        if split in manifest.sha256:
            found[split] = _look_at(path, known.get(split))
            if found[split].sha256 != manifest.sha256[split]:
                raise _damaged(path, manifest, "its SHA-256 is not the one in the manifest")
    if not found.items() <= known.items():
        _write_note(folder, {**known, **found})


def hash_splits(folder: Path) -> dict[Split, str]:
    """Hash the files of a corpus that was just written, and note that they are right."""
    found = {split: _hash(split_file(folder, split)) for split in SPLITS}
    _write_note(folder, found)
    return {split: checked.sha256 for split, checked in found.items()}


def _open(path: Path, manifest: Manifest, split: Split) -> pa.Table:
    try:
        table = read_table(path)
    except pa.ArrowInvalid as error:
        raise _damaged(path, manifest, str(error)) from error
    if not table.schema.equals(schema_of(manifest.recipe, manifest.task)):
        raise _damaged(path, manifest, f"its columns are not those of '{manifest.recipe.name}'")
    if split not in manifest.sha256:
        counted = manifest.splits[split]
        if len(table) != counted.num_utterances:
            raise _damaged(
                path,
                manifest,
                f"it has {len(table)} utterances, but the manifest counts {counted.num_utterances}",
            )
        labels = table[LABELS].combine_chunks().flatten().to_numpy()
        positives = labels.reshape(len(table), -1).sum(axis=0).tolist()
        if positives != list(counted.positives.values()):
            raise _damaged(path, manifest, "its labels are not those that the manifest counts")
    return table


def read_table(path: Path) -> pa.Table:
    """Map an Arrow file into memory.

    Raises:
        pyarrow.ArrowInvalid: If it is none.
        OSError: If it cannot be read.
    """
    if not path.stat().st_size:
        raise pa.ArrowInvalid("the file is empty")
    with pa.memory_map(os.fspath(path)) as file:
        try:
            return pa.ipc.open_file(file).read_all()
        except (pa.ArrowException, OSError, MemoryError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise pa.ArrowInvalid(str(error)) from error  # of other kinds where it is damaged


def _look_at(path: Path, known: _Checked | None) -> _Checked:
    """Hash a file, unless it is as it was when it was hashed before."""
    now = path.stat()
    if known is not None and (known.num_bytes, known.changed_ns) == (now.st_size, now.st_mtime_ns):
        return known
    return _hash(path)


def _hash(path: Path) -> _Checked:
    with path.open("rb") as file:
        before = os.fstat(file.fileno())  # a change while it is read then counts as one
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _Checked(num_bytes=before.st_size, changed_ns=before.st_mtime_ns, sha256=sha256)


def _read_note(folder: Path) -> Mapping[Split, _Checked]:
    """Read what was checked before; a missing or damaged note says nothing."""
    try:
        return parse_sealed((folder / CHECKED_FILE).read_bytes(), _Note).files
    except (FileNotFoundError, ParseError):
        return {}


def _write_note(folder: Path, files: Mapping[Split, _Checked]) -> None:
    """Write what was checked, whole; where nobody may write, each process hashes for itself."""
    partial = folder / f".{CHECKED_FILE}.{uuid.uuid4().hex}"
    with suppress(OSError):
        partial.write_bytes(sealed(_Note(files=dict(files))))
        partial.replace(folder / CHECKED_FILE)


def _damaged(path: Path, manifest: Manifest, why: str) -> DamagedCorpusError:
    again = (
        "a sweep on this machine makes it anew"
        if manifest.kind == SYNTHETIC
        else "`mmer-sweep prepare` makes it anew"
    )
    return DamagedCorpusError(f"'{path}' of corpus '{manifest.name}' is damaged: {why}; {again}")
