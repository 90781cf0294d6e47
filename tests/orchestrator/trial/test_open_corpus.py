from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.batches.batch import Batch
from corpora.features.sources import FeatureSources
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.source.errors import CorpusError
from corpora.store.manifest import Manifest
from corpora.text.word_vectors import RandomVectors
from models.configs.emoembs import EmoEmbsConfig, EmotionVectors
from models.configs.xia import XiaConfig
from models.weights.errors import WeightsError
from orchestrator.trial.open_corpus import open_corpus, task_of, token_settings
from search_spaces.systems.le import TINY
from search_spaces.trial import CorpusRef
from tests.corpora.media_factory import clip_lines, write_clip_folder

CPU = torch.device("cpu")
WORDS_OF_EMOTIONS = "happy 1 2\nsad 3 4\n"


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Prepare hand-crafted features of a few clips."""
    storage = tmp_path_factory.mktemp("features")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines(per_split=4)))
    recipe = HandcraftedRecipe(words="random", random_width=4)
    feature_sources = FeatureSources(words=RandomVectors(4))
    manifests = prepare(
        source, [recipe], name="mine", storage=storage, feature_sources=feature_sources
    )
    return storage, manifests[recipe.name]


def reference(manifest: Manifest) -> CorpusRef:
    return CorpusRef(
        name=manifest.name, recipe=manifest.recipe.name, fingerprint=manifest.fingerprint
    )


def test_model_without_text_gets_no_tokens(storage: Path, manifest: Manifest) -> None:
    silent = TINY.model.model_copy(update={"modalities": ("audio", "vision")})
    corpus = open_corpus(storage, reference(manifest), silent, CPU)
    (batch, *_) = corpus.splits["train"].in_order(3)
    assert isinstance(batch, Batch)
    assert batch.tokens.shape == batch.token_mask.shape == (3, 0)
    assert corpus.tokenizer is None
    assert token_settings(XiaConfig(modalities=("audio",), **WITHOUT_SEM)) is None


def test_models_of_other_tokens_share_what_is_large(storage: Path, manifest: Manifest) -> None:
    silent = TINY.model.model_copy(update={"modalities": ("audio", "vision")})
    models = (TINY.model, silent, TINY.model, silent)
    spoken, unspoken, *again = (
        open_corpus(storage, reference(manifest), model, CPU) for model in models
    )
    assert spoken.tokenizer is not None
    assert unspoken.tokenizer is None
    assert again == [spoken, unspoken]
    for split, part in spoken.splits.items():
        assert part.columns is unspoken.splits[split].columns


WITHOUT_SEM = {
    "cross": {"kind": "independent"},
    "audio": {"sem_after": ()},
    "vision": {"sem_after": ()},
}


def test_moments_are_those_of_the_training_rows(features: tuple[Path, Manifest]) -> None:
    storage, manifest = features
    corpus = open_corpus(storage, reference(manifest), RANDOM_VECTORS, CPU)
    (batch,) = corpus.splits["train"].in_order(100)
    task = task_of(corpus, RANDOM_VECTORS)
    for name in ("text", "audio", "vision"):
        rows = getattr(batch, name).numpy().astype(np.float64)
        std = rows.std(0)
        np.testing.assert_allclose(task.features[name].mean, rows.mean(0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            task.features[name].std, np.where(std > 0, std, 1), rtol=1e-3, atol=1e-5
        )


RANDOM_VECTORS = EmoEmbsConfig(text=EmotionVectors(weights="random"))


def test_vectors_of_emotions_come_from_their_file(
    features: tuple[Path, Manifest], tmp_path: Path
) -> None:
    storage, manifest = features
    (tmp_path / "words.txt").write_text(WORDS_OF_EMOTIONS)
    model = EmoEmbsConfig(text=EmotionVectors(weights=str(tmp_path / "words.txt")))
    task = task_of(open_corpus(storage, reference(manifest), model, CPU), model)
    assert task.emotion_vectors is not None
    assert task.emotion_vectors.tolist() == [[1, 2], [3, 4]]


def test_missing_vector_is_told(features: tuple[Path, Manifest], tmp_path: Path) -> None:
    storage, manifest = features
    (tmp_path / "words.txt").write_text("happy 1 2\n")
    model = EmoEmbsConfig(text=EmotionVectors(weights=str(tmp_path / "words.txt")))
    corpus = open_corpus(storage, reference(manifest), model, CPU)
    with pytest.raises(CorpusError, match=r"words\.txt' lack the emotions sad"):
        task_of(corpus, model)


def test_missing_file_of_vectors_is_told(features: tuple[Path, Manifest]) -> None:
    storage, manifest = features
    model = EmoEmbsConfig(text=EmotionVectors(weights="gone.txt"))
    corpus = open_corpus(storage, reference(manifest), model, CPU)
    with pytest.raises(WeightsError, match=r"model\.text\.weights 'gone\.txt': .* download http"):
        task_of(corpus, model)
