"""Corpora whose labels are classes or numbers, from utterances to batches."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from corpora.batches.corpus import Corpus, load_corpus, load_handcrafted
from corpora.features.sources import FeatureSources
from corpora.media.segments import SoundSegment, VideoSegment
from corpora.parsing.sealed import parse_sealed
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.columns import LABELS
from corpora.recipes.handcrafted import HANDCRAFTED, HandcraftedRecipe
from corpora.recipes.pictures import LE, XIA
from corpora.recipes.union import AnyRecipe
from corpora.source.digest import source_digest
from corpora.source.label_space import LabelSpace
from corpora.source.split import Split
from corpora.source.utterance import Source, Utterance
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from corpora.store.prepared import schema_of
from corpora.store.splits import open_splits
from corpora.text.word_vectors import RandomVectors
from tests.corpora.manifest_factory import make_manifest
from tests.corpora.media_factory import clip_lines, write_clip_folder

CLASSES = LabelSpace(("calm", "glad", "sad"), "multiclass")
NUMBERS = LabelSpace(("valence", "arousal"), "regression", (-3.0, 3.0))
BOTH: tuple[AnyRecipe, ...] = (LE, HandcraftedRecipe(words="random", random_width=8))

GOLDEN_DIGEST = "bbe7ce6760923915e8b653a497a1935073d63875aefc427074273f02d4d2cb4e"
GOLDEN_MANIFEST = "041f40ca8c0203c54c9e68dde080f916f85a6acf5afdf2c47651002a1c14f0ad"
GOLDEN_SCHEMAS = "5253dbf5319326e6b965a73177b40dee19a2c2503621485169e7108f97a4308a"
"""Of version 0.1, which knew multilabel corpora only. They may never change: trials name them."""


def one_class(index: int) -> tuple[float, ...]:
    return tuple(int(place == index % 3) for place in range(3))


def two_numbers(index: int) -> tuple[float, ...]:
    return (index % 4 - 1.1, -0.5 * (index % 3))


def labelled(source: Source, space: LabelSpace) -> Source:
    """Give the utterances other labels; a class each, or two numbers."""
    make = one_class if space.task == "multiclass" else two_numbers
    utterances = tuple(
        replace(utterance, labels=make(index)) for index, utterance in enumerate(source.utterances)
    )
    return replace(source, labels=space, utterances=utterances, digest=f"digest of {space.task}")


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("storage")
    source = read_clips(write_clip_folder(folder / "clips", clip_lines()))
    sources = FeatureSources(words=RandomVectors(8))
    for space in (CLASSES, NUMBERS):
        of_task = labelled(source, space)
        prepare(of_task, BOTH, name=space.task, storage=folder, feature_sources=sources)
    return folder


def manifest_of(storage: Path, task: str) -> Manifest:
    path = recipe_folder(storage, task, "le") / "manifest.json"
    return parse_sealed(path.read_bytes(), Manifest)


def opened(storage: Path, task: str) -> Corpus:
    manifest = manifest_of(storage, task)
    return load_corpus(recipe_folder(storage, task, "le"), manifest, None, torch.device("cpu"))


def test_classes_come_as_one_hot_labels_with_the_counts_of_training(storage: Path) -> None:
    corpus = opened(storage, "multiclass")
    assert (corpus.task, corpus.label_range) == ("multiclass", None)
    assert corpus.splits["train"].labels.tolist() == [list(one_class(n)) for n in range(4)]
    assert corpus.class_counts.tolist() == [2, 1, 1]
    with pytest.raises(ValueError, match="a multiclass corpus has no positive weights"):
        _ = corpus.positive_weights


def test_targets_come_as_numbers_with_their_range(storage: Path) -> None:
    corpus = opened(storage, "regression")
    assert (corpus.task, corpus.label_range) == ("regression", (-3.0, 3.0))
    expected = torch.tensor([two_numbers(n) for n in range(8, 12)])
    assert torch.equal(corpus.splits["test"].labels, expected)
    (batch,) = corpus.splits["test"].in_order(4)
    assert torch.equal(batch.labels, expected)
    with pytest.raises(ValueError, match="a regression corpus has no classes"):
        _ = corpus.class_counts


@pytest.mark.parametrize(
    ("task", "stored"), [("multiclass", pa.int8()), ("regression", pa.float32())]
)
@pytest.mark.parametrize("recipe", BOTH, ids=lambda recipe: str(recipe.name))
def test_file_holds_labels_in_the_type_of_the_task(
    storage: Path, recipe: AnyRecipe, task: str, stored: pa.DataType
) -> None:
    folder = recipe_folder(storage, task, recipe.name)
    manifest = parse_sealed((folder / "manifest.json").read_bytes(), Manifest)
    schemas = {table.schema.field(LABELS).type for table in open_splits(folder, manifest).values()}
    assert schemas == {pa.list_(stored)}


def test_handcrafted_features_have_the_same_labels(storage: Path) -> None:
    folder = recipe_folder(storage, "regression", HANDCRAFTED)
    manifest = parse_sealed((folder / "manifest.json").read_bytes(), Manifest)
    corpus = load_handcrafted(folder, manifest, torch.device("cpu"))
    expected = opened(storage, "regression").splits["valid"].labels
    assert torch.equal(corpus.splits["valid"].labels, expected)


def test_manifest_counts_classes_and_describes_targets(storage: Path) -> None:
    classes = manifest_of(storage, "multiclass")
    assert classes.splits["valid"].positives == {"calm": 1, "glad": 2, "sad": 1}
    assert classes.splits["valid"].targets == {}
    numbers = manifest_of(storage, "regression")
    assert numbers.splits["train"].positives == {}
    found = numbers.splits["train"].targets["valence"]
    assert (found.mean, found.std) == pytest.approx((0.4, np.std([0, 1, 2, 3])))
    assert (found.minimum, found.maximum, found.low, found.high) == (-1.1, 1.9, -3, 3)
    assert found.histogram == (0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0)
    assert [manifest.fault() for manifest in (classes, numbers)] == [None, None]


def test_corpus_is_known_by_its_task(storage: Path) -> None:
    assert [know_corpus(task, storage).task for task in ("multiclass", "regression")] == [
        "multiclass",
        "regression",
    ]
    assert know_corpus("synthetic", storage).task == "multilabel"


def test_multilabel_corpora_keep_their_digests_manifests_and_columns(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"media")

    def utterance(name: str, labels: tuple[int, ...], split: Split) -> Utterance:
        segments = VideoSegment(file, 0.0, 1.5), SoundSegment(file, 0.0, 1.5)
        return Utterance(name, *segments, 1.5, "well", labels, split, name)

    clips = (utterance("a", (1, 0), "train"), utterance("b", (0, 1), "test"))
    spaces = [LabelSpace(("x", "y")), LabelSpace(("x", "y"), "multiclass"), NUMBERS]
    digests = [source_digest(tmp_path, clips, space) for space in spaces]
    assert digests[0] == GOLDEN_DIGEST
    assert len(set(digests)) == 3
    stored = make_manifest().model_dump_json(indent=1).encode()
    assert hashlib.sha256(stored).hexdigest() == GOLDEN_MANIFEST
    recipes = (LE, XIA, HandcraftedRecipe(words="random"))
    schemas = "\n".join(str(schema_of(recipe, "multilabel")) for recipe in recipes)
    assert hashlib.sha256(schemas.encode()).hexdigest() == GOLDEN_SCHEMAS
