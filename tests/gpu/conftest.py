from pathlib import Path

import pytest
import torch

from corpora.features.sources import FeatureSources
from corpora.preparation.known import SYNTHETIC_HANDCRAFTED, SYNTHETIC_RECIPES
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.text.word_vectors import RandomVectors
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.gpu.trials import CORPUS

NO_GPU = "a test marked gpu needs a GPU that PyTorch can use, and there is none"


@pytest.fixture
def device(request: pytest.FixtureRequest) -> torch.device:
    device = torch.device(request.param)
    if device.type == "cuda" and not torch.cuda.is_available():
        pytest.fail(NO_GPU, pytrace=False)
    return device


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a small corpus by all recipes, once; the storage folder that holds it."""
    storage = tmp_path_factory.mktemp("corpora")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines(per_split=12)))
    words = RandomVectors(SYNTHETIC_HANDCRAFTED.random_width)
    recipes = list(SYNTHETIC_RECIPES.values())
    prepare(
        source, recipes, name=CORPUS, storage=storage, feature_sources=FeatureSources(words=words)
    )
    return storage
