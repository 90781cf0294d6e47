"""What the synthetic corpus is for: every system learns from it."""

from pathlib import Path

import numpy as np
import pytest

from search_spaces.catalogue import find_study
from tests.studies_on_synthetic import Scores, sweep

NUM_SEEDS = 3

REACHED = 0.55
"""The F1 on test that every system reaches; the constant classifier has .36."""


def beats(scores: Scores, constant: float) -> bool:
    """Whether scores are higher by more than twice the standard error and the seeds' deviation."""
    gap, deviation = scores.mean() - constant, scores.std(ddof=1)
    return bool(gap > 2 * deviation / np.sqrt(len(scores)) and gap > deviation)


@pytest.mark.slow
def test_every_system_beats_the_constant_classifier_by_more_than_seed_noise(
    tmp_path: Path,
) -> None:
    scores, constant = sweep("systems", num_seeds=NUM_SEEDS, storage=tmp_path)
    assert scores.keys() == {row.name for row in find_study("systems").rows}
    assert {len(of_row) for of_row in scores.values()} == {NUM_SEEDS}
    assert all(beats(of_row, constant) for of_row in scores.values()), (constant, scores)
    assert all(of_row.mean() > REACHED for of_row in scores.values()), scores
