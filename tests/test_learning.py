"""What the synthetic corpus is for: training finds the effects that are planted in it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from corpora.manifest import Manifest
from corpora.prepared import read_manifest
from corpora.synthetic import SyntheticConfig, best_scores
from corpora.utterance import SYNTHETIC
from models.configs.base import MODALITIES
from orchestrator.run_trial import run_trial
from reports.ledger import Ledger
from reports.scores import mean_scores
from search_spaces.change import Change, apply_change
from search_spaces.studies.le2023 import depths, unimodal
from search_spaces.study import RowRef
from search_spaces.systems.le import TINY
from search_spaces.trial import CorpusRef, Trial

NUM_SEEDS = 3
LONGER: Change = {"training.max_epochs": 20, **depths(vision=1, audio=1, fusion=1, decoder=1)}


def f1_on_test(change: Change, seed: int, manifest: Manifest, storage: Path) -> float:
    config = apply_change(apply_change(TINY, LONGER), change)
    reference = CorpusRef(
        name=manifest.name, recipe=manifest.recipe.name, fingerprint=manifest.fingerprint
    )
    trial = Trial(config=config, corpus=reference, seed=seed)
    record = run_trial(trial, storage, trained_for=RowRef("learning", "row"))
    test = Ledger(storage).predictions(record)["test"]
    thresholds = np.array(record.result.thresholds)
    return mean_scores(test.labels, test.probabilities, thresholds)["f1"]


@pytest.mark.slow
def test_fusion_beats_each_single_modality_by_more_than_seed_noise(tmp_path: Path) -> None:
    prepare = ("prepare", "synthetic", "--recipe", "le", "--storage", str(tmp_path))
    subprocess.run([Path(sys.executable).with_name("mmer-sweep"), *prepare], check=True)
    manifest = read_manifest(tmp_path, SYNTHETIC, "le")
    changes: dict[str, Change] = {"fusion": {}} | {m: unimodal(m) for m in MODALITIES}
    scores = {
        name: np.array([f1_on_test(change, seed, manifest, tmp_path) for seed in range(NUM_SEEDS)])
        for name, change in changes.items()
    }
    for modality in MODALITIES:
        gaps = scores["fusion"] - scores[modality]
        assert gaps.mean() > 2 * gaps.std(ddof=1) / np.sqrt(NUM_SEEDS), scores
        assert gaps.mean() > scores["fusion"].std(ddof=1), scores
    best = best_scores(SyntheticConfig())
    assert scores["fusion"].mean() < best[MODALITIES].average("f1")
