"""The planted claims fit their studies, and the docs list each with the verdict that is right."""

from pathlib import Path

import pytest

from search_spaces.catalogue import STUDIES
from search_spaces.claim import PLANTED
from search_spaces.paper_claims import claims_about, claims_of
from search_spaces.studies.planted import PLANTED_CLAIMS, RIGHT

LINES = (Path(__file__).parents[2] / "docs" / "synthetic.md").read_text("utf-8").splitlines()
ALL = {one.claim.id: (study, one) for study, each in PLANTED_CLAIMS.items() for one in each}


def test_studies_state_every_planted_claim() -> None:
    stated = {
        claim.id: name
        for name, study in STUDIES.items()
        for claim in claims_of(study)
        if claim.family == PLANTED
    }
    assert stated == {claim_id: study for claim_id, (study, _) in ALL.items()}


@pytest.mark.parametrize("claim_id", ALL)
def test_docs_tell_the_right_verdict(claim_id: str) -> None:
    study, planted = ALL[claim_id]
    start = (
        f"| {claim_id} | `{study}` | {planted.claim.text} | {' or '.join(sorted(planted.right))} |"
    )
    assert any(line.startswith(start) for line in LINES), start


def test_both_kinds_of_truth_and_no_effect_are_planted() -> None:
    assert {planted.truth for _, planted in ALL.values()} == RIGHT.keys()


def test_planted_claims_are_no_matter_of_other_corpora() -> None:
    layers = STUDIES["layers"]
    ids = {claim.id for claim in claims_about(layers, ["mine", "iemocap"])}
    assert not ids & ALL.keys()
    assert {"P05", "P06", "P07"} <= {claim.id for claim in claims_about(layers, ["synthetic"])}
