"""Prepare a corpus: decode every clip once, find faces, make spectrograms, write Arrow files."""

import glob
import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from corpora.device import default_device
from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.forms.detections import StoredDetections
from corpora.preparation.assembly import assemble, assemble_detections
from corpora.preparation.clip_pass import ClipPass
from corpora.preparation.code import preparation_digest
from corpora.preparation.form_makers import make_form_maker
from corpora.preparation.parts import PartFolder, parts_of
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError, DamagedCorpusError
from corpora.source.labels import check_labels
from corpora.source.task import TaskKind
from corpora.source.utterance import Source, Utterance
from corpora.store.folders import DETECTIONS_FILE, corpus_folder, prepared_recipes, recipe_folder
from corpora.store.manifest import Manifest, fingerprint_of
from corpora.store.prepared import read_manifest
from corpora.store.splits import open_splits

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Takes the number of clips that are done, and the number of all clips."""


NUM_DIGITS = 16
"""So many digits of a digest stand in the name of the folder of parts."""

Parts = Mapping[int, Sequence[Utterance]]
"""Some parts of a source, by their numbers."""


@dataclass(frozen=True)
class PartMaker:
    """Prepares parts of a source, in any process that it is sent to."""

    source_digest: str
    task: TaskKind
    recipes: tuple[AnyRecipe, ...]
    feature_sources: FeatureSources
    folder: Path
    detections: Path

    @property
    def parts(self) -> PartFolder:
        """Where the parts are collected."""
        return PartFolder(self.folder, self.source_digest, self.task, self.recipes)

    def make(self, number: int, utterances: Sequence[Utterance]) -> None:
        """Prepare and write one part."""
        self.parts.write(number, list(self._clip_pass.prepare(utterances)))

    @cached_property
    def _clip_pass(self) -> ClipPass:
        known = StoredDetections(self.detections, self.source_digest)
        device = str(default_device())
        makers = {
            recipe.name: make_form_maker(recipe, self.feature_sources, device)
            for recipe in self.recipes
        }
        return ClipPass(makers, device, known)

    def __getstate__(self) -> dict[str, object]:
        """Leave the detector out: every process loads its own."""
        return {name: value for name, value in vars(self).items() if name != "_clip_pass"}


Runner = Callable[[PartMaker, Parts], Iterable[int]]
"""Makes parts, in any processes, and yields the number of each part when it is written."""


def run_here(maker: PartMaker, parts: Parts) -> Iterator[int]:
    """Make parts one after another in this process."""
    for number, utterances in parts.items():
        maker.make(number, utterances)
        yield number


def prepare(
    source: Source,
    recipes: Sequence[AnyRecipe],
    *,
    name: str,
    storage: Path,
    feature_sources: FeatureSources = NO_FEATURE_SOURCES,
    run: Runner = run_here,
    progress: Progress = lambda done, total: None,
) -> dict[str, Manifest]:
    """Prepare a corpus by some recipes; skip the recipes that have prepared it already.

    Utterances that cannot be used are left out and listed in the manifest. The corpus appears under
    its name only when it is complete; then it replaces an older one of the same recipe. A corpus
    with a damaged file is told and prepared again. A killed
    preparation continues with the parts that are not finished. No other process may prepare in the
    same storage at the same time.

    Args:
        source: What to prepare.
        recipes: How to prepare it; all recipes share one decoding pass.
        name: The corpus's name; its folder has that name, and holds one folder for each recipe.
        storage: Where corpora are kept.
        feature_sources: What hand-crafted features need.
        run: Makes the parts.
        progress: Called when parts are finished; parts of an earlier run count as done.

    Returns:
        The manifest of each recipe, by its name.

    Raises:
        CorpusError: If the labels cannot be used (`check_labels`), or if the name is that of a
            corpus of another kind.
    """
    manifests = _prepared_already(source, recipes, name, storage)
    missing = tuple(recipe for recipe in recipes if recipe.name not in manifests)
    if not missing:
        return manifests
    check_labels(source.utterances, source.labels, name)
    maker = PartMaker(
        source.digest,
        source.task,
        missing,
        feature_sources,
        folder=_parts_folder(source, missing, name, storage),
        detections=corpus_folder(storage, name) / DETECTIONS_FILE,
    )
    _make_parts(source, maker, run, progress)
    for recipe in missing:
        folder = recipe_folder(storage, name, recipe.name)
        manifests[recipe.name] = assemble(source, maker.parts, recipe, name=name, folder=folder)
    assemble_detections(source, maker.parts, maker.detections)
    shutil.rmtree(maker.folder)
    return {recipe.name: manifests[recipe.name] for recipe in recipes}


def _prepared_already(
    source: Source, recipes: Sequence[AnyRecipe], name: str, storage: Path
) -> dict[str, Manifest]:
    found = {}
    for known in prepared_recipes(storage, name):
        try:
            manifest = read_manifest(storage, name, known)
        except DamagedCorpusError as error:
            LOG.warning("%s", error)
            continue
        if manifest.kind != source.kind:
            raise CorpusError(
                f"corpus '{name}' exists already, of kind '{manifest.kind}', not "
                f"'{source.kind}': choose another name, or remove "
                f"'{corpus_folder(storage, name)}'"
            )
        found[known] = manifest
    return {
        recipe.name: found[recipe.name]
        for recipe in recipes
        if recipe.name in found
        and found[recipe.name].fingerprint == fingerprint_of(source.digest, recipe)
        and _is_whole(storage, found[recipe.name])
    }


def _is_whole(storage: Path, manifest: Manifest) -> bool:
    """Whether a corpus's files are those of its manifest; if not, say so."""
    try:
        open_splits(recipe_folder(storage, manifest.name, manifest.recipe.name), manifest)
    except DamagedCorpusError as error:
        LOG.warning("%s", error)
        return False
    return True


def _parts_folder(source: Source, recipes: Sequence[AnyRecipe], name: str, storage: Path) -> Path:
    """Name the folder by all that decides the parts, code too; delete parts of other settings."""
    fingerprints = "+".join(fingerprint_of(source.digest, recipe) for recipe in recipes)
    identity = hashlib.sha256(f"{fingerprints} {preparation_digest()}".encode()).hexdigest()
    folder = storage / "corpora" / f".{name}-{identity[:NUM_DIGITS]}"
    digits = "[0-9a-f]" * NUM_DIGITS  # another corpus may be named NAME-x
    for left_by_other_settings in folder.parent.glob(f".{glob.escape(name)}-{digits}"):
        if left_by_other_settings != folder:
            shutil.rmtree(left_by_other_settings)
    return folder


def _make_parts(source: Source, maker: PartMaker, run: Runner, progress: Progress) -> None:
    every = dict(enumerate(parts_of(source)))
    maker.parts.drop_damaged()
    finished = maker.parts.finished()
    done = sum(len(every[number]) for number in finished)
    progress(done, len(source.utterances))
    missing = {number: every[number] for number in every if number not in finished}
    for number in run(maker, missing):
        done += len(every[number])
        progress(done, len(source.utterances))
