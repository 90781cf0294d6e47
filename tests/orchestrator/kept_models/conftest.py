"""A corpus that is prepared by every recipe, and trials of it."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from corpora.features.sources import FeatureSources
from corpora.media.duration import read_duration_s
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import DAI, LE, XIA
from corpora.store.prepared import read_manifest
from corpora.text.word_vectors import RandomVectors
from orchestrator.trial.run import run_trial
from reports.ledger.record import Record
from search_spaces.training import TrainingConfig
from search_spaces.trial import CorpusRef, Trial, TrialConfig
from tests.corpora.media_factory import (
    clip_lines,
    write_clip_folder,
    write_video,
)
from tests.orchestrator.factories import TRAINED_FOR
from tests.orchestrator.kept_models.predictors import CORPUS, OWN, SYSTEMS


@pytest.fixture(scope="session")
def prepared_by_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare by every recipe a corpus whose utterances are the whole of one file."""
    storage = tmp_path_factory.mktemp("predict")
    clip = write_video(storage / "clips" / "clip.mp4")
    whole = {"start": 0.0, "end": read_duration_s(clip)}
    source = read_clips(write_clip_folder(clip.parent, [line | whole for line in clip_lines()]))
    words = FeatureSources(words=RandomVectors(OWN.random_width))
    prepare(source, [LE, DAI, XIA, OWN], name=CORPUS, storage=storage, feature_sources=words)
    return storage


@pytest.fixture(scope="module")
def storage(prepared_by_all: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a storage folder with this corpus and its clips, and no trials."""
    storage = tmp_path_factory.mktemp("kept") / "storage"
    return Path(shutil.copytree(prepared_by_all, storage))


@pytest.fixture(scope="module")
def trained(storage: Path) -> Callable[[str], Record]:
    """Train a system for an epoch when it is first asked for."""

    @cache
    def train(name: str) -> Record:
        config = SYSTEMS[name]
        manifest = read_manifest(storage, CORPUS, config.recipe)
        training = TrainingConfig(max_epochs=1, batch_size=4, precision="fp32")
        trial = Trial(
            config=TrialConfig.model_validate({"model": config, "training": training}),
            corpus=CorpusRef(name=CORPUS, recipe=config.recipe, fingerprint=manifest.fingerprint),
            seed=0,
        )
        return run_trial(trial, storage, trained_for=TRAINED_FOR)

    return train


@pytest.fixture
def record(trained: Callable[[str], Record]) -> Record:
    return trained("le")
