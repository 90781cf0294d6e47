"""What becomes of a batch on a GPU, on tensors that claim to be there and hold nothing.

Where the host would have to wait for a value, or tensors of two devices meet, PyTorch raises.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.gatherers import FeatureGatherer, PictureGatherer, picture_columns
from corpora.batches.ragged import MappedColumn, ResidentColumn
from corpora.batches.transfer import moved
from corpora.features.sources import FeatureSources
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import LE, XIA, Recipe
from corpora.recipes.union import AnyRecipe
from corpora.store.folders import recipe_folder, split_file
from corpora.store.prepared import read_manifest
from corpora.text.tokens import fit_tokenizer
from corpora.text.word_vectors import RandomVectors
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.fake_gpu import GPU, fake_gpu

PIXELS = LE.model_copy(update={"name": "pixels", "face_px": 32, "candidates": (0.25, 0.5, 0.75)})
JPEG = XIA.model_copy(update={"name": "jpeg", "face_px": 32})
FEATURES = HandcraftedRecipe(words="random", random_width=4)
RECIPES: tuple[AnyRecipe, ...] = (PIXELS, JPEG, FEATURES)

Gatherer = PictureGatherer | FeatureGatherer

every_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)


@pytest.fixture(scope="module")
def gatherer_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[AnyRecipe], Gatherer]:
    storage = tmp_path_factory.mktemp("storage")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines()))
    words = FeatureSources(words=RandomVectors(FEATURES.random_width))
    prepare(source, RECIPES, name="mine", storage=storage, feature_sources=words)
    return lambda recipe: open_gatherer(storage, recipe)


def open_gatherer(storage: Path, recipe: AnyRecipe) -> Gatherer:
    folder = recipe_folder(storage, "mine", recipe.name)
    with pa.memory_map(str(split_file(folder, "train"))) as file:
        table = pa.ipc.open_file(file).read_all()
    if not isinstance(recipe, Recipe):
        return FeatureGatherer(table, read_manifest(storage, "mine", recipe.name).widths)
    texts = table["text"].to_pylist()
    columns = picture_columns(table, recipe, num_threads=1)
    return PictureGatherer(columns, recipe, texts, fit_tokenizer(texts, vocabulary=100))


def collect(gatherer: Gatherer) -> Batch | HandcraftedBatch:
    generator = torch.Generator().manual_seed(0)
    return gatherer.collect(torch.tensor([2, 0, 1]), torch.zeros(3, 2), generator)


def finished(gatherer: Gatherer, batch: Batch | HandcraftedBatch) -> Batch | HandcraftedBatch:
    if isinstance(gatherer, PictureGatherer):
        assert isinstance(batch, Batch)
        return gatherer.finish(batch)
    assert isinstance(batch, HandcraftedBatch)
    return gatherer.finish(batch)


@every_recipe
@pytest.mark.parametrize("resident", [False, True], ids=["mapped", "resident"])
def test_batch_comes_to_a_gpu_without_a_wait(
    gatherer_of: Callable[[AnyRecipe], Gatherer],
    recipe: AnyRecipe,
    resident: bool,
) -> None:
    gatherer = gatherer_of(recipe)
    expected = finished(gatherer, collect(gatherer))
    if resident:
        with fake_gpu():
            move(gatherer)
    collected = collect(gatherer)
    with fake_gpu():
        batch = finished(gatherer, moved(collected, GPU))
    for field in fields(batch):
        values, on_cpu = getattr(batch, field.name), getattr(expected, field.name)
        if field.name in batch.LENGTHS.values():
            assert values == on_cpu
        else:
            assert (values.shape, values.dtype) == (on_cpu.shape, on_cpu.dtype), field.name
            assert values.device == GPU, field.name


def move(gatherer: Gatherer) -> None:
    for name, column in gatherer.columns.items():
        if isinstance(column, MappedColumn):
            gatherer.columns[name] = ResidentColumn(column, GPU)


def test_what_goes_to_a_gpu_for_a_resident_column_are_indices(
    gatherer_of: Callable[[AnyRecipe], Gatherer],
) -> None:
    gatherer = gatherer_of(PIXELS)
    with fake_gpu():
        move(gatherer)
    collected = collect(gatherer)
    assert isinstance(collected, Batch)
    assert collected.faces.shape == (sum(collected.num_faces),)
    assert collected.mels.shape == (sum(collected.num_chunks),)
    assert collected.faces.dtype == collected.mels.dtype == torch.int64
