"""Finds the corpora that commands ask for; makes only the synthetic ones, others must exist."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.preparation.code import preparation_digest
from corpora.preparation.known import SYNTHETIC_HANDCRAFTED, SYNTHETIC_RECIPES, know_corpus
from corpora.readers.clip_folder import read_clips
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError, DamagedCorpusError
from corpora.source.labels import check_labels
from corpora.source.names import SYNTHETIC, SYNTHETIC_NAMES
from corpora.source.utterance import Source
from corpora.store.folders import prepared_recipes, recipe_folder
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.synthetic.corpus import (
    SyntheticConfig,
    synthetic_config,
    synthetic_digest,
    write_synthetic,
)
from corpora.synthetic.forms import FORMS
from corpora.text.word_vectors import RandomVectors
from orchestrator.storage.corpora import (
    check_corpus,
    fetch_corpus,
    publish_corpus,
    publish_folds,
)
from reports.ledger.locks import locked

MEDIA_FOLDER = "media"
LOCK_FILE = ".lock"


def ensure_corpus(name: str, storage: Path, console: Console, *recipes: str) -> list[Manifest]:
    """Read a corpus's manifests, one for each recipe; make a synthetic corpus if needed.

    Raises:
        CorpusError: If the corpus is not prepared, and is not a synthetic one.
    """
    if name not in SYNTHETIC_NAMES or _synthetic_is_there(name, storage, recipes):
        found = [read_manifest(storage, name, recipe) for recipe in recipes]
        for manifest in found:
            _tell_other_code(manifest, storage, console)
            check_corpus(storage, manifest)
            publish_corpus(storage, manifest)  # an earlier command may have been killed before that
        publish_folds(storage, name, replaces=False)
        return found
    settings = [SYNTHETIC_RECIPES[recipe] for recipe in recipes]
    if not console.is_terminal:  # on a terminal, a progress bar shows it
        console.print(f"making the {name.replace('-', ' ')} corpus")
    config = synthetic_config(name)
    with locked(storage / MEDIA_FOLDER / LOCK_FILE):
        media = _ensure_media(storage / MEDIA_FOLDER / name, config, console)
        clips = read_clips(media, task=config.task, label_range=FORMS[config.task].space.range)
        source = replace(clips, kind=SYNTHETIC, digest=synthetic_digest(config))
        words = RandomVectors(SYNTHETIC_HANDCRAFTED.random_width)
        manifests = prepare_source(
            source,
            settings,
            name=name,
            storage=storage,
            console=console,
            feature_sources=FeatureSources(words=words),
        )
    for manifest in manifests:
        if manifest.rejects:
            raise CorpusError(f"synthetic clips in '{media}' were rejected: {manifest.rejects}")
    return manifests


def _tell_other_code(manifest: Manifest, storage: Path, console: Console) -> None:
    """Say if the code that prepares has changed since; an earlier version's code is not known."""
    if manifest.code_digest not in ("", preparation_digest()):
        folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
        console.print(
            f"note: other code than this prepared corpus '{manifest.name}' by recipe "
            f"'{manifest.recipe.name}'; trials read it as it is, so their scores stay comparable. "
            f"To have its media read by this code, remove '{folder}' and prepare it again",
            style="yellow",
            soft_wrap=True,
        )


def prepare_source(
    source: Source,
    recipes: Sequence[AnyRecipe],
    *,
    name: str,
    storage: Path,
    console: Console,
    feature_sources: FeatureSources = NO_FEATURE_SOURCES,
    address: str | None = None,
) -> list[Manifest]:
    """Prepare a corpus on all cores, of this machine or a cluster, with a progress bar."""
    # PyTorch and Ray are loaded only if they are needed.
    from corpora.preparation.prepare import prepare, run_here
    from orchestrator.corpus.on_ray import runner_on_ray

    check_labels(source.utterances, source.labels, name)
    _fetch_prepared(name, storage)
    columns = (
        TextColumn("preparing {task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _ClipsPerSecond(),
        TimeRemainingColumn(),
    )
    lock = locked(storage / "corpora" / LOCK_FILE)
    with lock, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=len(source.utterances))
        known: list[int] = []

        def advance(done: int, total: int) -> None:
            if not known and done:
                console.print(f"continuing: {done} of {total} clips are prepared already")
            known.append(done)
            bar.update(task, completed=done, total=total)

        manifests = prepare(
            source,
            recipes,
            name=name,
            storage=storage,
            feature_sources=feature_sources,
            run=run_here if feature_sources.published else runner_on_ray(storage, address),
            progress=advance,
        )
    for manifest in manifests.values():
        publish_corpus(storage, manifest)
    return list(manifests.values())


def _fetch_prepared(name: str, storage: Path) -> None:
    """Fetch what a bucket has of a corpus, so that it can be told from a damaged one."""
    for recipe in prepared_recipes(storage, name):
        with suppress(DamagedCorpusError):  # `prepare` tells it
            manifest = read_manifest(storage, name, recipe)
            fetch_corpus(storage, name, recipe, manifest.fingerprint)


class _ClipsPerSecond(ProgressColumn):
    """A column with the speed over the last half minute."""

    def render(self, task: Task) -> Text:
        return Text("clips" if not task.speed else f"clips, {task.speed:.1f} clips/s")


def _synthetic_is_there(name: str, storage: Path, recipes: Sequence[str]) -> bool:
    """Whether a synthetic corpus is prepared as now, and no file of it is damaged."""
    there = prepared_recipes(storage, name)
    known = know_corpus(name, storage)
    try:
        for recipe in recipes:
            if recipe not in there:
                return False
            manifest = read_manifest(storage, name, recipe)
            if manifest.identity != known.identify(recipe):
                return False
            check_corpus(storage, manifest)
    except DamagedCorpusError:  # `prepare` tells it
        return False
    return True


def _ensure_media(folder: Path, config: SyntheticConfig, console: Console) -> Path:
    """Write the synthetic clips, unless this version of the generator has written them already."""
    digest_file, digest = folder / "digest.txt", synthetic_digest(config)
    if digest_file.is_file() and digest_file.read_bytes() == digest.encode():
        return folder
    for left_by_a_killed_process in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(left_by_a_killed_process)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with console.status("drawing and voicing the synthetic clips"):
            write_synthetic(partial, config, num_workers=os.cpu_count() or 1)
        (partial / digest_file.name).write_text(digest, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder
