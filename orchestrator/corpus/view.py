"""Shows a prepared corpus: counts on the terminal, and a contact sheet of some utterances."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from corpora.recipes.pictures import Recipe
from corpora.store.folders import prepared_recipes, recipe_folder
from corpora.store.folds import Folds, read_folds
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.store.remarked import read_remarked
from orchestrator.storage.corpora import fetch_corpus
from reports.corpus.cautions import cautions
from reports.corpus.folds import fold_cautions, folds_view
from reports.corpus.remarks import remarks_view
from reports.corpus.view import corpus_view


def show_corpus(name: str, storage: Path, console: Console, *, num_samples: int) -> None:
    """Print what a corpus holds under each recipe, and write a contact sheet for each recipe.

    Args:
        name: A prepared corpus.
        storage: Where corpora are kept.
        console: Where to print.
        num_samples: How many utterances a contact sheet has; with 0, there is none. Recipes of
            hand-crafted features, and corpora of text alone, have none either.
    """
    recipes = prepared_recipes(storage, name)
    manifests = [read_manifest(storage, name, recipe) for recipe in recipes]
    print_manifests(manifests, console, read_folds(storage, name))
    if num_samples:
        for manifest in manifests:
            fetch_corpus(storage, name, manifest.recipe.name, manifest.fingerprint)
        print_contact_sheets(manifests, storage, console, num_samples)


def print_remarks(name: str, storage: Path, console: Console) -> None:
    """Print which utterances have a remark or were rejected, by each recipe.

    Raises:
        CorpusError: If an older version prepared the corpus: it did not keep them.
    """
    for recipe in prepared_recipes(storage, name):
        manifest = read_manifest(storage, name, recipe)
        fetch_corpus(storage, name, recipe, manifest.fingerprint)
        remarked = read_remarked(recipe_folder(storage, name, recipe))
        console.print(remarks_view(manifest, remarked), soft_wrap=True)


def print_contact_sheets(
    manifests: Sequence[Manifest], storage: Path, console: Console, num_samples: int
) -> None:
    """Write a contact sheet for each recipe that makes pictures, and print where they are."""
    from reports.corpus.contact_sheet import write_contact_sheet  # loads matplotlib

    for manifest in manifests:
        is_of_text = {"audio", "vision"} <= set(manifest.without)
        if isinstance(manifest.recipe, Recipe) and not is_of_text:
            folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
            page, picture = write_contact_sheet(manifest, manifest.recipe, folder, num_samples)
            console.print(f"\ncontact sheet: {page}\n               {picture}", soft_wrap=True)


def print_manifests(
    manifests: Sequence[Manifest], console: Console, folds: Folds | None = None
) -> None:
    """Print what a corpus holds under each recipe, and its folds if it has any."""
    console.print(corpus_view(manifests, has_folds=folds is not None))
    if folds is not None:
        console.print()
        console.print(folds_view(folds))


def print_cautions(name: str, storage: Path, recipes: Iterable[str], console: Console) -> None:
    """Print once what makes scores on a corpus mean less than they seem to, if it is prepared."""
    folds = read_folds(storage, name)
    if folds is not None:
        for caution in fold_cautions(folds):
            console.print(f"corpus '{name}': {caution}", style="bold red", markup=False)
        return
    prepared = set(prepared_recipes(storage, name)).intersection(recipes)
    manifests = [read_manifest(storage, name, recipe) for recipe in sorted(prepared)]
    for caution in dict.fromkeys(told for each in manifests for told in cautions(each)):
        console.print(f"corpus '{name}': {caution}", style="bold red", markup=False)
