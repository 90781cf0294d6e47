"""What a plan knows of a corpus by its name, before the corpus is read or even made."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from corpora.recipes.handcrafted import HANDCRAFTED, HandcraftedRecipe
from corpora.recipes.pictures import ALL_RECIPES, LE
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError
from corpora.source.names import SYNTHETIC, SYNTHETIC_NAMES
from corpora.source.task import TaskKind
from corpora.store.folders import prepared_recipes
from corpora.store.folds import Folds, read_folds
from corpora.store.manifest import CorpusIdentity, family_of, fingerprint_of
from corpora.store.prepared import read_manifest
from corpora.synthetic.corpus import synthetic_config, synthetic_digest

SYNTHETIC_HANDCRAFTED = HandcraftedRecipe(words="random", random_width=32)
SYNTHETIC_RECIPES: dict[str, AnyRecipe] = {
    **{
        name: recipe.model_copy(update={"least_face_probability": 0.0})
        for name, recipe in ALL_RECIPES.items()
    },
    HANDCRAFTED: SYNTHETIC_HANDCRAFTED,
}
"""The recipes of the synthetic corpus in all its forms.

Its words have random vectors, for they need no meaning. Every face counts: a drawing is less likely
a face than a person, and there is one in each picture.
"""


@dataclass(frozen=True)
class KnownCorpus:
    """A corpus by its name and task; `identify` returns its identity for a recipe.

    `identify` raises `CorpusError` if the recipe has not prepared the corpus. `folds` is None if
    the corpus has a single test split.
    """

    name: str
    kind: str
    identify: Callable[[str], CorpusIdentity]
    task: TaskKind = "multilabel"
    folds: Folds | None = None

    @property
    def family(self) -> str:
        """The papers' name of the corpus, or its own name."""
        return family_of(self.name, self.kind)


def know_corpus(name: str, storage: Path) -> KnownCorpus:
    """Return what is known of a corpus; the synthetic ones are known before they are made.

    Raises:
        CorpusError: If it is not a synthetic corpus, and no recipe has prepared it.
    """
    if name in SYNTHETIC_NAMES:
        identify_form = partial(_synthetic_identity, name)
        return KnownCorpus(name, SYNTHETIC, identify_form, SYNTHETIC_NAMES[name])

    def identify(recipe: str) -> CorpusIdentity:
        return read_manifest(storage, name, recipe).identity

    any_recipe = next(iter(prepared_recipes(storage, name)), LE.name)
    manifest = read_manifest(storage, name, any_recipe)
    folds = read_folds(storage, name)
    return KnownCorpus(name, manifest.kind, identify, manifest.task, folds)


def _synthetic_identity(name: str, recipe: str) -> CorpusIdentity:
    if recipe not in SYNTHETIC_RECIPES:
        raise CorpusError(
            f"corpus '{name}' is not prepared by the recipe '{recipe}'; choose from "
            f"{', '.join(SYNTHETIC_RECIPES)}"
        )
    settings = SYNTHETIC_RECIPES[recipe]
    return CorpusIdentity(
        name=name,
        kind=SYNTHETIC,
        fingerprint=fingerprint_of(synthetic_digest(synthetic_config(name)), settings),
        recipe=settings,
    )
