"""What the synthetic corpus is for: training finds the effects that are planted in it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.synthetic.corpus import SyntheticConfig, best_scores
from models.configs.base import MODALITIES
from reports.ledger.ledger import Ledger
from reports.scores.metrics import mean_scores
from search_spaces.catalogue import find_study

NUM_SEEDS = 3

STUDY_FILE = """
from search_spaces.change import apply_change
from search_spaces.claim import greater
from search_spaces.studies.le2023 import depths, unimodal
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.systems.le import TINY

SHALLOW = depths(vision=1, audio=1, fusion=1, decoder=1)
WIDE = {"model.audio.base_channels": 8, "model.vision.base_channels": 8}
LEARNING = {"training.max_epochs": 20, **WIDE, **SHALLOW}
PLANTED = Study(
    name="planted",
    title="Fusion and single modalities",
    baseline={"tiny": {ANY_CORPUS: apply_change(TINY, LEARNING)}},
    columns={ANY_CORPUS: (Column(metric="f1", header="F1"),)},
    rows=(
        Row(name="fusion"),
        *(Row(name=name, change=unimodal(name)) for name in ("text", "audio", "vision")),
    ),
    claims=(
        greater("P1", "", "fusion", "vision", corpus="synthetic", metric="f1"),
        greater("P2", "", "vision", "fusion", corpus="synthetic", metric="f1"),
        greater("P3", "", "fusion", "text", corpus="synthetic", metric="f1"),
    ),
)
"""

Scores = NDArray[np.float64]


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare the synthetic corpus by every recipe."""
    folder = tmp_path_factory.mktemp("learning")
    run("prepare", "synthetic", storage=folder)
    return folder


def run(*arguments: str, storage: Path) -> None:
    """Run the command to its end."""
    command = [
        str(Path(sys.executable).with_name("mmer-sweep")),
        *arguments,
        "--storage",
        str(storage),
    ]
    subprocess.run(command, check=True)


def sweep(
    study: str, *arguments: str, seeds: str, storage: Path
) -> tuple[Mapping[str, Scores], float]:
    """Train a study; return the test F1 of each row's seeds, and of the constant classifier.

    Seeds are in order; the constant classifier calls every emotion in every utterance.
    """
    run(*arguments, "--seeds", *seeds.split(), "--no-models", storage=storage)
    ledger = Ledger(storage)
    found: dict[str, list[float]] = {}
    constant = 0.0
    for record in sorted(ledger.records(), key=lambda record: record.trial.seed):
        if record.circumstances.study != study:
            continue
        test = ledger.predictions(record)["test"]
        thresholds = np.array(record.result.thresholds)
        f1 = mean_scores(test.labels, test.probabilities, thresholds)["f1"]
        found.setdefault(record.circumstances.row, []).append(f1)
        always = np.ones_like(test.probabilities)
        constant = mean_scores(test.labels, always, thresholds)["f1"]
    return {row: np.array(scores) for row, scores in found.items()}, constant


def beats(scores: Scores, other: Scores | float) -> bool:
    """Whether scores are higher by more than twice the standard error and the seeds' deviation."""
    others = np.atleast_1d(other)
    gap = scores.mean() - others.mean()
    variance = scores.var(ddof=1) / len(scores)
    if len(others) > 1:
        variance += others.var(ddof=1) / len(others)
    return bool(gap > 2 * np.sqrt(variance) and gap > scores.std(ddof=1))


@pytest.mark.slow
def test_planted_effects_are_found_and_claims_about_them_judged(
    storage: Path, tmp_path: Path
) -> None:
    (tmp_path / "planted.py").write_text(STUDY_FILE, encoding="utf-8")
    scores, _ = sweep(
        "planted",
        *("run", str(tmp_path / "planted.py")),
        seeds="auto --max-seeds 5",
        storage=storage,
    )
    assert all(beats(scores["fusion"], scores[modality]) for modality in MODALITIES), scores
    best = best_scores(SyntheticConfig())
    assert scores["fusion"].mean() < best[MODALITIES].average("f1")
    assert len(scores["audio"]) == NUM_SEEDS  # no claim compares it
    tables = storage / "tables" / "planted" / "synthetic-tiny"
    written = json.loads((tables / "planted-verdicts.json").read_text(encoding="utf-8"))
    verdicts = {claim["id"]: claim["verdict"] for claim in written["claims"]}
    assert verdicts == {"P1": "HOLDS", "P2": "REVERSED", "P3": "HOLDS"}, written


@pytest.mark.slow
def test_every_system_beats_the_constant_classifier_by_more_than_seed_noise(storage: Path) -> None:
    scores, constant = sweep("systems", "systems", seeds=str(NUM_SEEDS), storage=storage)
    assert scores.keys() == {row.name for row in find_study("systems").rows}
    assert {len(of_row) for of_row in scores.values()} == {NUM_SEEDS}
    assert all(beats(of_row, constant) for of_row in scores.values()), (constant, scores)
