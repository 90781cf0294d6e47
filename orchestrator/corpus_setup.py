"""The corpora that commands ask for: the synthetic one is made on demand, others must exist."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corpora.clip_folder import read_clips
from corpora.errors import CorpusError
from corpora.manifest import CorpusIdentity, Manifest, fingerprint_of
from corpora.prepared import prepared_names, read_manifest
from corpora.recipe import LE, Recipe
from corpora.synthetic import SyntheticConfig, write_synthetic
from corpora.utterance import SYNTHETIC, Source
from orchestrator.locks import locked

MEDIA_FOLDER = "media"
LOCK_FILE = ".lock"


def identify_corpus(name: str, storage: Path) -> CorpusIdentity:
    """Know a corpus by name; the synthetic one is known before it is made.

    Raises:
        CorpusError: If it is not prepared.
    """
    if name == SYNTHETIC:
        fingerprint = fingerprint_of(_synthetic_digest(), LE)
        return CorpusIdentity(name=name, kind=SYNTHETIC, fingerprint=fingerprint, recipe=LE)
    return read_manifest(storage, name).identity


def ensure_corpus(name: str, storage: Path, console: Console) -> Manifest:
    """Read a corpus's manifest; make the synthetic corpus if it is not there.

    Raises:
        CorpusError: If another corpus is not prepared.
    """
    identity = identify_corpus(name, storage)
    if name != SYNTHETIC:
        return read_manifest(storage, name)
    if name in prepared_names(storage):
        manifest = read_manifest(storage, name)
        if manifest.identity == identity:
            return manifest
    with locked(storage / MEDIA_FOLDER / LOCK_FILE):
        media = _ensure_media(storage / MEDIA_FOLDER / SYNTHETIC, console)
        source = replace(read_clips(media), kind=SYNTHETIC, digest=_synthetic_digest())
        manifest = prepare_source(source, LE, name=name, storage=storage, console=console)
    if manifest.rejects:
        raise CorpusError(f"synthetic clips in '{media}' were rejected: {manifest.rejects}")
    return manifest


def prepare_source(
    source: Source, recipe: Recipe, *, name: str, storage: Path, console: Console
) -> Manifest:
    """Prepare a corpus on all cores, with a progress bar."""
    from corpora.prepare import check_labels, prepare  # loads PyTorch: only if it is needed

    check_labels(source.utterances, source.emotions, name)

    columns = (
        TextColumn("preparing {task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("clips"),
        TimeRemainingColumn(),
    )
    lock = locked(storage / "corpora" / LOCK_FILE)
    with lock, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=len(source.utterances))
        return prepare(
            source,
            recipe,
            name=name,
            storage=storage,
            num_workers=os.cpu_count() or 1,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _ensure_media(folder: Path, console: Console) -> Path:
    """Write the synthetic clips, unless those of this generator lie there already."""
    digest_file = folder / "digest.txt"
    if digest_file.is_file() and digest_file.read_text(encoding="utf-8") == _synthetic_digest():
        return folder
    for left_by_a_killed_process in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(left_by_a_killed_process)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with console.status("drawing and voicing the synthetic clips"):
            write_synthetic(partial, SyntheticConfig(), num_workers=os.cpu_count() or 1)
        (partial / digest_file.name).write_text(_synthetic_digest(), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _synthetic_digest() -> str:
    """Name the synthetic clips by what decides them, so that every machine agrees."""
    return hashlib.sha256(SyntheticConfig().model_dump_json().encode()).hexdigest()
