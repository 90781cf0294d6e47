"""What the synthetic corpus is for: every system learns, and what is planted is found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.synthetic.corpus import SyntheticConfig
from corpora.synthetic.reachable import best_scores
from models.configs.base import MODALITIES
from search_spaces.catalogue import find_study
from search_spaces.studies.planted import PLANTED_CLAIMS
from tests.running import call

pytestmark = pytest.mark.slow

Scores = NDArray[np.float64]

LEARNT = 0.2
"""How far every system is above the constant classifier: four times what seeds differ by."""

DECIDED = 0.6
"""The share of the planted claims of a study that five seeds must decide."""

LIMIT_S = 1800.0


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the studies one storage: they share the corpus and trials."""
    return tmp_path_factory.mktemp("learning")


@pytest.mark.parametrize("study", ["components", "controls"])
def test_verdicts_on_planted_claims_are_right(study: str, storage: Path) -> None:
    """Five seeds are enough."""
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


def test_every_system_learns(storage: Path) -> None:
    """One seed is enough."""
    scores, constant = sweep("systems", num_seeds=1, storage=storage)
    assert scores.keys() == {row.name for row in find_study("systems").rows}
    assert all(of_row.mean() > constant + LEARNT for of_row in scores.values()), (constant, scores)


def sweep(study: str, *, num_seeds: int, storage: Path) -> tuple[dict[str, Scores], float]:
    """Train a study; return the test F1 of each row and seed, and of the constant classifier."""
    call(
        *(study, "--seeds", num_seeds, "--no-models", "--storage", storage),
        cwd=storage,
        limit_s=LIMIT_S,
    )
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
