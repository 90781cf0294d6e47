"""Every corpus, from its release to batches."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from corpora.batches.corpus import load_corpus, load_handcrafted
from corpora.features.published import read_iemocap_features
from corpora.features.sources import FeatureSources
from corpora.preparation.prepare import prepare
from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.pictures import DAI, LE, XIA
from corpora.recipes.union import AnyRecipe
from corpora.source.split import SPLITS
from corpora.source.utterance import Source
from corpora.store.folders import recipe_folder
from corpora.text.tokens import TokenSettings
from corpora.text.word_vectors import RandomVectors
from tests.corpora.dai_feature_factory import (
    acoustic_sides,
    openface_rows,
    word_vectors,
    write_pickle,
)
from tests.corpora.layouts import LAYOUTS, Layout

TOKENS = TokenSettings(weights=None, vocabulary=100, max_tokens=50)
RECIPE = HandcraftedRecipe(words="random")


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_recipe_makes_batches_of_every_corpus(
    tmp_path: Path, drawn_source: Callable[[Layout], Source], layout: Layout
) -> None:
    source = drawn_source(layout)
    # Faces are drawn, and a drawing is less likely a face than a person.
    pictures = [
        recipe.model_copy(update={"least_face_probability": 0.0}) for recipe in (DAI, LE, XIA)
    ]
    recipes: list[AnyRecipe] = [*pictures, RECIPE]
    words = FeatureSources(words=RandomVectors(RECIPE.random_width))
    manifests = prepare(source, recipes, name="mine", storage=tmp_path, feature_sources=words)
    for recipe in pictures:
        manifest = manifests[recipe.name]
        assert len(manifest.rejects) == len(source.rejects)
        counts = manifest.splits.values()
        shown = sum(split.num_frames_with_face for split in counts)
        assert shown >= 0.95 * sum(split.num_frames for split in counts)
        folder = recipe_folder(tmp_path, "mine", recipe.name)
        corpus = load_corpus(folder, manifest, TOKENS, torch.device("cpu"))
        batch = next(corpus.splits["train"].in_random_order(4, seed=0, epoch=0))
        assert batch.faces.shape[1:] == (3, recipe.face_px, recipe.face_px)
        assert batch.mels.shape[1:] == (1, *recipe.spectrogram.chunk_shape)
        assert (sum(batch.num_faces), sum(batch.num_chunks)) == (
            len(batch.faces),
            len(batch.mels),
        )
    folder = recipe_folder(tmp_path, "mine", RECIPE.name)
    features = load_handcrafted(folder, manifests[RECIPE.name], torch.device("cpu"))
    made = next(features.splits["train"].in_order(4))
    assert [made.text.shape[1], made.audio.shape[1], made.vision.shape[1]] == [300, 42, 20]
    assert made.vision[:, -1].mean() >= 0.9  # a face is found


def test_published_features_come_unchanged_into_batches(
    tmp_path: Path, drawn_source: Callable[[Layout], Source]
) -> None:
    (layout,) = (layout for layout in LAYOUTS if layout.name == "dai-iemocap")
    source = drawn_source(layout)
    without = source.utterances[0].id
    for split in SPLITS:
        ids = [u.id for u in source.utterances if u.split == split and u.id != without]
        for kind, make in (
            ("text", lambda: word_vectors(2)),
            ("audio", acoustic_sides),
            ("video", openface_rows),
        ):
            file = tmp_path / "IEMOCAP_HCF_FEATURES" / f"{split}_{kind}_features.pt"
            write_pickle(file, {name: make() for name in ids})
    published = read_iemocap_features(tmp_path)
    recipe = PublishedFeatures(sha256=published.digest)
    manifest = prepare(
        source,
        [recipe],
        name="mine",
        storage=tmp_path,
        feature_sources=FeatureSources(published=published),
    )[recipe.name]
    assert manifest.widths == {"text": 300, "audio": 142, "vision": 35}
    lost = [reject.utterance for reject in manifest.rejects if reject.utterance == without]
    assert lost == [without]
    folder = recipe_folder(tmp_path, "mine", recipe.name)
    corpus = load_handcrafted(folder, manifest, torch.device("cpu"))
    for part in corpus.splits.values():
        for name, batch in zip(part.ids, part.in_order(1), strict=True):
            expected = published.features(name)
            assert expected is not None
            assert torch.equal(batch.audio, torch.from_numpy(expected.audio))
            assert batch.num_vision == (len(expected.vision),)
