"""Trials whose encoders start from checkpoints, trained end to end."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from corpora.store.manifest import Manifest
from models.weights.find import weights_sha256
from orchestrator.kept_models.predict import SpokenClip, load_predictor
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from search_spaces.change import Change, apply_change
from search_spaces.trial import CorpusRef, Trial
from tests.encoder_factory import TEXT, VISION
from tests.orchestrator.factories import TRAINED_FOR, small_config


def trial_of(manifest: Manifest, change: Change) -> Trial:
    config = apply_change(small_config(max_epochs=1), change)
    reference = CorpusRef(
        name=manifest.name, recipe=config.model.recipe, fingerprint=manifest.fingerprint
    )
    return Trial(config=config, corpus=reference, seed=0, weights=weights_sha256(config.model))


def vision(folder: Path) -> Change:
    return {"model.vision.weights": str(folder)}


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
        *(pytest.param(VISION[name], vision, id=name) for name in ("clip", "dinov2")),
    ],
)
def test_encoder_is_trained_end_to_end(
    write: Mapping[str, object], change: object, manifest: Manifest, storage: Path, tmp_path: Path
) -> None:
    assert callable(write)
    assert callable(change)
    trial = trial_of(manifest, change(write(tmp_path / "encoder")))
    moved = trial_of(manifest, change(shutil.copytree(tmp_path / "encoder", tmp_path / "moved")))
    assert trial.key == moved.key
    assert trial.key != trial_of(manifest, {}).key
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    assert not record.result.has_diverged
    assert record.trial.weights == trial.weights


def test_kept_model_predicts_with_its_checkpoint(
    manifest: Manifest, storage: Path, prepared: Path, tmp_path: Path
) -> None:
    trial = trial_of(manifest, vision(VISION["clip"](tmp_path / "encoder")))
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    predictor = load_predictor(record, Ledger(storage), device=torch.device("cpu"))
    clip = SpokenClip(prepared / "clips" / "clip.mp4", "this is number 1")
    assert [each.emotion for each in predictor.predict(clip).decisions] == ["happy", "sad"]
