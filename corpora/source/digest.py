"""The digest of a source: a hash of all that decides what is prepared from it."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace
from corpora.source.utterance import Utterance

NUM_READERS = 4

READING = 3
"""Raise it if the same media files are read as other pictures or sound than before."""


def source_digest(root: Path, utterances: Sequence[Utterance], labels: LabelSpace) -> str:
    """Hash the utterances and the contents of their media files; the place of `root` has no effect.

    What the labels mean counts unless they are multilabel: there was no other task at first.

    Raises:
        CorpusError: If a media file cannot be read.
    """
    digest = hashlib.sha256(f"reading {READING}".encode())
    if labels.task != "multilabel":
        digest.update(json.dumps(asdict(labels), sort_keys=True).encode())
    for utterance in utterances:
        line = json.dumps(
            asdict(utterance),
            sort_keys=True,
            default=lambda path: path.relative_to(root).as_posix(),
        )
        digest.update(line.encode())
    files = {
        path
        for utterance in utterances
        for path in (*utterance.pictures.files, *utterance.sound.files)
    }
    digest.update(digest_of_files(sorted(files)).encode())
    return digest.hexdigest()


def digest_of_files(paths: Iterable[Path]) -> str:
    """Hash the contents of files, in their order."""
    digest = hashlib.sha256()
    with ThreadPoolExecutor(NUM_READERS) as pool:
        for file_digest in pool.map(_digest_of_file, paths):
            digest.update(file_digest)
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_file(path: Path) -> bytes:
    try:
        return bytes.fromhex(sha256_of(path))
    except OSError as error:
        raise CorpusError(f"'{path}' cannot be read: {error}") from error
