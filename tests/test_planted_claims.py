"""Five seeds are enough for right verdicts on what is planted in the synthetic corpus."""

from pathlib import Path

import pytest

from corpora.synthetic.corpus import SyntheticConfig, best_scores
from models.configs.base import MODALITIES
from search_spaces.studies.planted import PLANTED_CLAIMS
from tests.studies_on_synthetic import read_json, sweep

DECIDED = 0.6
"""The share of the planted claims of a study that five seeds must decide."""


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the studies one storage: they share trials."""
    return tmp_path_factory.mktemp("planted")


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
