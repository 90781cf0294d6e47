"""Trials whose encoders start from checkpoints, trained end to end."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, LE_WAVE
from corpora.source.errors import CorpusError
from corpora.store.prepared import read_manifest
from models.weights.find import weights_sha256
from orchestrator.kept_models.clip import choose_clip
from orchestrator.kept_models.clips.load_predictor import load_predictor
from orchestrator.kept_models.clips.spoken import SpokenClip
from orchestrator.kept_models.load import load_trained
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from search_spaces.change import Change, apply_change
from search_spaces.trial import CorpusRef, Trial
from tests.encoder_factory import AUDIO, TEXT, VISION
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.factories import TRAINED_FOR, small_config


@pytest.fixture(scope="module")
def with_waves(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare the small corpus by both recipes of the system."""
    storage = tmp_path_factory.mktemp("waves")
    source = read_clips(prepared / "clips")
    prepare(source, [LE, LE_WAVE], name=CORPUS, storage=storage)
    return storage


@pytest.fixture
def storage(with_waves: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(with_waves, tmp_path / "storage"))


def trial_of(storage: Path, change: Change) -> Trial:
    config = apply_change(small_config(max_epochs=1), change)
    recipe = config.model.recipe
    fingerprint = read_manifest(storage, CORPUS, recipe).fingerprint
    reference = CorpusRef(name=CORPUS, recipe=recipe, fingerprint=fingerprint)
    return Trial(config=config, corpus=reference, seed=0, weights=weights_sha256(config.model))


def vision(folder: Path) -> Change:
    return {"model.vision.weights": str(folder)}


def audio(folder: Path) -> Change:
    return {"model.audio.weights": str(folder)}


def text(folder: Path) -> Change:
    return {
        "model.text.encoder": "any",
        "model.text.weights": str(folder),
        "model.text.sizes": None,
        "model.text.max_tokens": 14,
    }


@pytest.mark.parametrize(
    ("write", "change"),
    [
        *(pytest.param(write, text, id=name) for name, write in TEXT.items()),
        *(pytest.param(AUDIO[name], audio, id=name) for name in ("wav2vec2", "hubert", "wavlm")),
        *(pytest.param(VISION[name], vision, id=name) for name in ("clip", "dinov2")),
    ],
)
def test_encoder_is_trained_end_to_end(
    write: Mapping[str, object], change: object, storage: Path, tmp_path: Path
) -> None:
    assert callable(write)
    assert callable(change)
    trial = trial_of(storage, change(write(tmp_path / "encoder")))
    moved = trial_of(storage, change(shutil.copytree(tmp_path / "encoder", tmp_path / "moved")))
    assert trial.key == moved.key
    assert trial.key != trial_of(storage, {}).key
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    assert not record.result.has_diverged
    assert record.trial.weights == trial.weights


def test_kept_model_predicts_with_its_checkpoint(
    storage: Path, prepared: Path, tmp_path: Path
) -> None:
    change = {**vision(VISION["clip"](tmp_path / "a")), **audio(AUDIO["wavlm"](tmp_path / "b"))}
    trial = trial_of(storage, change)
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    predictor = load_predictor(record, Ledger(storage), device=torch.device("cpu"))
    clip = SpokenClip(prepared / "clips" / "clip.mp4", "this is number 1")
    assert [each.emotion for each in predictor.predict(clip).decisions] == ["happy", "sad"]
    trained = load_trained(record, storage, device=torch.device("cpu"))
    with pytest.raises(CorpusError, match="'le-wave', holds waves, and figures show spectrograms"):
        choose_clip(trained, storage)
