"""A view of a fold is the corpus that would be prepared with these splits, bit for bit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
import torch

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnyCorpus, AnySplit, load_corpus, load_handcrafted
from corpora.features.sources import FeatureSources
from corpora.preparation.dealing import FoldRule, deal
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import LE, XIA, Recipe
from corpora.recipes.union import AnyRecipe
from corpora.source.split import SPLITS
from corpora.source.utterance import Source
from corpora.store.folders import recipe_folder
from corpora.store.folds import FoldView
from corpora.store.manifest import Manifest
from corpora.text.tokens import TokenSettings
from corpora.text.word_vectors import RandomVectors
from tests.corpora.fold_factory import spoken_lines
from tests.corpora.media_factory import write_clip_folder

CPU, TOKENS, TESTED = torch.device("cpu"), TokenSettings(None, 100, 50), 2
ROWS = HandcraftedRecipe(words="random", random_width=4)
RECIPES: tuple[AnyRecipe, ...] = (LE, XIA, ROWS)  # pixels, JPEG, numbers


@dataclass(frozen=True)
class Prepared:
    """A corpus with all recipes, and the view that it is opened with."""

    storage: Path
    manifests: Mapping[str, Manifest]
    view: FoldView | None

    def open(self, recipe: AnyRecipe) -> AnyCorpus:
        folder = recipe_folder(self.storage, "mine", recipe.name)
        manifest = self.manifests[recipe.name]
        if isinstance(recipe, Recipe):
            return load_corpus(folder, manifest, TOKENS, CPU, fold=self.view)
        return load_handcrafted(folder, manifest, CPU, fold=self.view)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Prepared]:
    """Prepare clips whose folds are viewed, and the same clips with the splits of the view."""
    folder, lines = tmp_path_factory.mktemp("folds"), spoken_lines(per_split=5)
    folds = deal(_read(folder / "any", lines), FoldRule.parse("speakers"), "mine")
    again = [
        line | {"split": folds.split_of(folds.assigned[str(line["utterance"])], TESTED)}
        for line in lines
    ]
    pooled = _prepare(folder / "pooled", lines, FoldView(folds, TESTED))
    return pooled, _prepare(folder / "apart", again, None)


def _read(folder: Path, lines: Sequence[dict[str, object]]) -> Source:
    return read_clips(write_clip_folder(folder / "clips", lines))


def _prepare(folder: Path, lines: Sequence[dict[str, object]], view: FoldView | None) -> Prepared:
    words = FeatureSources(words=RandomVectors(4))
    source = _read(folder, lines)
    manifests = prepare(source, RECIPES, name="mine", storage=folder, feature_sources=words)
    return Prepared(folder, manifests, view)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_view_is_what_would_be_prepared(both: tuple[Prepared, Prepared], recipe: AnyRecipe) -> None:
    viewed, apart = (one.open(recipe) for one in both)
    assert viewed.manifest.fingerprint != apart.manifest.fingerprint
    for split in SPLITS:
        ours, theirs = viewed.splits[split], apart.splits[split]
        assert (ours.ids, ours.groups) == (theirs.ids, theirs.groups)
        assert ours.ids
        for one, other in zip(_batches(ours), _batches(theirs), strict=True):
            for field in fields(one):
                mine, their = getattr(one, field.name), getattr(other, field.name)
                assert torch.equal(torch.as_tensor(mine), torch.as_tensor(their)), field.name
    for modality, moments in viewed.moments.items():
        assert torch.equal(moments.mean, apart.moments[modality].mean)
        assert torch.equal(moments.std, apart.moments[modality].std)


def _batches(split: AnySplit) -> list[Batch | HandcraftedBatch]:
    return [*split.in_random_order(2, seed=0, epoch=1), *split.in_order(3)]
