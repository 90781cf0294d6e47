"""What the synthetic corpus is for: training finds the effects that are planted in it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.synthetic.corpus import SyntheticConfig, best_scores
from models.configs.base import MODALITIES
from search_spaces.catalogue import find_study
from search_spaces.studies.planted import PLANTED_CLAIMS

NUM_SEEDS = 3

DECIDED = 0.6
"""The share of the planted claims of a study that five seeds must decide."""

REACHED = 0.55
"""The F1 on test that every system reaches; the constant classifier has .36."""

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


def sweep(study: str, *, num_seeds: int, storage: Path) -> tuple[dict[str, Scores], float]:
    """Train a study; return the test F1 of each row and seed, and of the constant classifier."""
    run(study, "--seeds", str(num_seeds), "--no-models", storage=storage)
    table = read_json(study, "", storage)
    (ours,) = (block for block in table["blocks"] if block["origin"] == "ours")
    scores = {
        row["name"]: np.array([of_seed["score"] for of_seed in f1_among(cells)["scores"]])
        for row, cells in zip(table["rows"], ours["cells"], strict=True)
    }
    return scores, f1_among(ours["floors"]["chance"])["mean"]


def read_json(study: str, suffix: str, storage: Path) -> dict[str, Any]:
    """Read what a sweep has written about a study as JSON: its table, or its verdicts."""
    file = storage / "tables" / study / "synthetic-tiny" / f"{study}{suffix}.json"
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def f1_among(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Find the cell with the average F1."""
    (found,) = (one for one in cells if one["metric"] == "f1" and one["emotion"] is None)
    return found


def beats(scores: Scores, other: Scores | float) -> bool:
    """Whether scores are higher by more than twice the standard error and the seeds' deviation."""
    others = np.atleast_1d(other)
    gap = scores.mean() - others.mean()
    variance = scores.var(ddof=1) / len(scores)
    if len(others) > 1:
        variance += others.var(ddof=1) / len(others)
    return bool(gap > 2 * np.sqrt(variance) and gap > scores.std(ddof=1))


@pytest.mark.slow
@pytest.mark.parametrize("study", ["components", "controls"])
def test_verdicts_on_planted_claims_are_right(study: str, storage: Path) -> None:
    scores, _ = sweep(study, num_seeds=5, storage=storage)
    best = best_scores(SyntheticConfig())[MODALITIES].average("f1")
    assert all(of_row.mean() < best for of_row in scores.values()), scores
    written = read_json(study, "-verdicts", storage)
    verdicts = {claim["id"]: claim["verdict"] for claim in written["claims"]}
    planted = PLANTED_CLAIMS[study]
    decided = [one for one in planted if verdicts[one.claim.id] != "UNDECIDED"]
    wrong = [one for one in decided if verdicts[one.claim.id] not in one.right]
    assert not wrong, (verdicts, scores)
    assert len(decided) >= DECIDED * len(planted), (verdicts, scores)


@pytest.mark.slow
def test_every_system_beats_the_constant_classifier_by_more_than_seed_noise(storage: Path) -> None:
    scores, constant = sweep("systems", num_seeds=NUM_SEEDS, storage=storage)
    assert scores.keys() == {row.name for row in find_study("systems").rows}
    assert {len(of_row) for of_row in scores.values()} == {NUM_SEEDS}
    assert all(beats(of_row, constant) for of_row in scores.values()), (constant, scores)
    assert all(of_row.mean() > REACHED for of_row in scores.values()), scores
