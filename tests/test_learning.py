"""What the synthetic corpus is for: training finds the effects that are planted in it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.manifest import Manifest
from corpora.prepared import read_manifest
from corpora.synthetic import SyntheticConfig, best_scores
from corpora.utterance import SYNTHETIC
from models.configs.base import MODALITIES
from orchestrator.run_trial import run_trial
from reports.ledger import Ledger
from reports.scores import mean_scores
from search_spaces.catalogue import find_study
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


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare the synthetic corpus by every recipe."""
    folder = tmp_path_factory.mktemp("learning")
    run("prepare", "synthetic", storage=folder)
    return folder


def run(*arguments: str, storage: Path) -> None:
    """Run the command to its end."""
    command = [Path(sys.executable).with_name("mmer-sweep"), *arguments, "--storage", str(storage)]
    subprocess.run(command, check=True)


def beats(scores: NDArray[np.float64], other: NDArray[np.float64] | float) -> bool:
    """Whether scores are higher by more than twice the standard error and the seeds' deviation."""
    gaps = scores - other
    std_error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    return bool(gaps.mean() > 2 * std_error and gaps.mean() > scores.std(ddof=1))


@pytest.mark.slow
def test_fusion_beats_each_single_modality_by_more_than_seed_noise(storage: Path) -> None:
    manifest = read_manifest(storage, SYNTHETIC, "le")
    changes: dict[str, Change] = {"fusion": {}} | {m: unimodal(m) for m in MODALITIES}
    scores = {
        name: np.array([f1_on_test(change, seed, manifest, storage) for seed in range(NUM_SEEDS)])
        for name, change in changes.items()
    }
    assert all(beats(scores["fusion"], scores[modality]) for modality in MODALITIES), scores
    best = best_scores(SyntheticConfig())
    assert scores["fusion"].mean() < best[MODALITIES].average("f1")


@pytest.mark.slow
def test_every_system_beats_the_constant_classifier_by_more_than_seed_noise(storage: Path) -> None:
    run("systems", "--seeds", str(NUM_SEEDS), "--no-models", storage=storage)
    ledger = Ledger(storage)
    found: dict[str, list[float]] = {}
    for record in ledger.records():
        if record.circumstances.study == "systems":
            test = ledger.predictions(record)["test"]
            thresholds = np.array(record.result.thresholds)
            f1 = mean_scores(test.labels, test.probabilities, thresholds)["f1"]
            found.setdefault(record.circumstances.row, []).append(f1)
            always = np.ones_like(test.probabilities)
            constant = mean_scores(test.labels, always, np.zeros_like(thresholds))["f1"]
    assert {row: len(scores) for row, scores in found.items()} == {
        row.name: NUM_SEEDS for row in find_study("systems").rows
    }
    assert all(beats(np.array(scores), constant) for scores in found.values()), (constant, found)
