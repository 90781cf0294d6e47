"""The folds of a corpus while it is prepared: dealt before, checked and stored after it."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from corpora.preparation.dealing import FoldRule, check_folds, deal
from corpora.recipes.columns import LABELS, UTTERANCE
from corpora.source.utterance import Source
from corpora.store.folders import recipe_folder
from corpora.store.folds import Folds, folds_file, read_folds, write_folds
from corpora.store.manifest import Manifest
from corpora.store.splits import open_splits
from orchestrator.storage.corpora import fetch_folds, publish_folds

NO_FOLDS = "none"
"""What `--folds` is given to take the folds of a corpus away."""


def choose_folds(
    source: Source, rule: str | None, name: str, storage: Path, console: Console
) -> Folds | None:
    """Deal the utterances of a source by a rule; without a rule, keep the folds that there are.

    Raises:
        CorpusError: If the folds cannot be dealt, or those that there are do not fit any more.
    """
    fetch_folds(storage, name)
    if rule == NO_FOLDS:
        return None
    if rule is not None:
        return deal(source, FoldRule.parse(rule), name)
    folds = read_folds(storage, name)
    if folds is not None:
        check_folds(folds, {one.id: one.labels for one in source.utterances}, source.labels, name)
        console.print(f"corpus '{name}' keeps its {folds.in_words}", markup=False)
    return folds


def store_folds(
    folds: Folds | None, manifests: Iterable[Manifest], source: Source, name: str, storage: Path
) -> None:
    """Store the folds of a corpus that is prepared, or take them away if there are none.

    Raises:
        CorpusError: If a fold lacks an emotion or a class because utterances were rejected.
    """
    if folds is None:
        folds_file(storage, name).unlink(missing_ok=True)
    else:
        for manifest in manifests:
            tables = open_splits(recipe_folder(storage, name, manifest.recipe.name), manifest)
            labels_of = {
                utterance: labels
                for table in tables.values()
                for utterance, labels in zip(
                    table[UTTERANCE].to_pylist(), table[LABELS].to_pylist(), strict=True
                )
            }
            check_folds(folds, labels_of, source.labels, name)
        write_folds(storage, name, folds)
    publish_folds(storage, name, replaces=True)
