"""Runs studies on the synthetic corpus and reads what they wrote, for tests of what is learnt."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.running import call

Scores = NDArray[np.float64]

LIMIT_S = 1800.0


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
