"""Seeds are added only where a claim is open."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, remember
from reports.scores.trials import TrialScores
from reports.verdicts.adaptive_seeds import Extension, extend, judge_planned
from reports.verdicts.here import AskedHere
from search_spaces.catalogue import find_study
from search_spaces.claim import Claim, Comparison, Score, greater
from search_spaces.study import Study
from tests.reports.factories import make_study, write_wrong

ROWS = ("clear", "open", "bad")
LOOKS = (3, 5, 10)
CLEARLY_ABOVE_BAD = greater("C", "clear beats bad", "clear", "bad", corpus="mine", metric="acc")
PERHAPS_ABOVE_BAD = greater("O", "open beats bad", "open", "bad", corpus="mine", metric="acc")


def make_planned(
    storage: Path, claims: Sequence[Claim], bad: Sequence[int] = (10, 10, 10)
) -> tuple[Planned, TrialScores]:
    """Finish three seeds: of 20 utterances are wrong 1 for the clear row, 8 to 12 for the open."""
    study: Study = make_study(ROWS, claims=tuple(claims))
    wrong = {"clear": [1, 1, 1], "open": [8, 12, 9], "bad": list(bad)}
    ledger = Ledger(storage)
    planned = Planned(
        study=study,
        corpus="mine",
        family="mine",
        scale="tiny",
        keys=write_wrong(ledger, wrong),
        looks=LOOKS,
    )
    return planned, TrialScores(ledger)


def test_rows_of_an_open_claim_get_the_seeds_of_the_next_look(tmp_path: Path) -> None:
    planned, scores = make_planned(tmp_path, [CLEARLY_ABOVE_BAD, PERHAPS_ABOVE_BAD])
    verdicts = {one.claim.id: one.verdict for one in judge_planned(planned, scores)}
    assert verdicts == {"C": "HOLDS", "O": "UNDECIDED"}
    assert extend(planned, scores) == Extension("depth", ("O",), {"clear": 3, "open": 5, "bad": 5})


def test_nothing_is_added_when_every_claim_is_decided(tmp_path: Path) -> None:
    planned, scores = make_planned(tmp_path, [CLEARLY_ABOVE_BAD])
    assert extend(planned, scores) == Extension("depth", (), dict.fromkeys(ROWS, 3))


def test_study_without_claims_keeps_its_seeds(tmp_path: Path) -> None:
    planned, scores = make_planned(tmp_path, [])
    assert extend(planned, scores).open_claims == ()


def test_open_claim_at_the_last_look_stays_open(tmp_path: Path) -> None:
    planned, scores = make_planned(tmp_path, [PERHAPS_ABOVE_BAD])
    last = planned.model_copy(update={"looks": (3,)})
    assert extend(last, scores) == Extension("depth", (), dict.fromkeys(ROWS, 3))


def test_claim_about_another_corpus_asks_for_nothing(tmp_path: Path) -> None:
    elsewhere = greater("E", "", "open", "bad", corpus="other", metric="acc")
    planned, scores = make_planned(tmp_path, [elsewhere])
    assert extend(planned, scores).open_claims == ()


def test_claim_that_is_open_elsewhere_asks_for_nothing_here(tmp_path: Path) -> None:
    elsewhere = greater("E", "", "open", "bad", corpus="other", metric="acc")
    planned, scores = make_planned(tmp_path, [elsewhere])
    remember(planned.model_copy(update={"corpus": "other", "family": "other"}), tmp_path)
    assert judge_planned(planned, scores)[0].verdict == "UNDECIDED"
    assert extend(planned, scores).open_claims == ()


def test_open_question_of_a_paper_gets_seeds_on_own_clips(tmp_path: Path) -> None:
    """Of another corpus or scale of this study, nothing is asked here."""
    study = find_study("components")
    text, image, sound, early, fusion, full = (row.name for row in study.rows)
    wrong = {text: [20] * 3, image: [9, 8, 9], sound: [8, 9, 9], early: [0] * 3}
    wrong |= {fusion: [1, 2, 1], full: [2, 1, 1]}
    planned = Planned(
        study=study,
        corpus="mine",
        family="mine",
        scale="tiny",
        keys=write_wrong(Ledger(tmp_path), wrong),
        looks=LOOKS,
    )
    remember(planned.model_copy(update={"corpus": "yours", "family": "yours"}), tmp_path)
    remember(planned.model_copy(update={"scale": "paper"}), tmp_path)
    scores = TrialScores(Ledger(tmp_path))
    judged = judge_planned(planned, scores)
    asked = {one.claim.id: one.verdict for one in judged if isinstance(one.claim, AskedHere)}
    assert asked["L07 here"] == "HOLDS"
    assert [one.compared[0].corpus for one in judged[-4:]] == ["mine"] * 4
    extension = extend(planned, scores)
    assert extension.open_claims == ("L09a here", "L10a here", "L11a here")
    assert extension.num_seeds[text] == 5  # the best row is compared with every row


def test_claim_about_two_corpora_is_judged_with_the_trials_of_both(tmp_path: Path) -> None:
    parts = tuple(
        (Comparison(row="clear", rival="bad", score=Score(corpus, "acc")),)
        for corpus in ("mine", "other")
    )
    both = Claim(id="B", text="on both", kind="greater", family="own", parts=parts)
    planned, scores = make_planned(tmp_path, [both])
    assert judge_planned(planned, scores)[0].verdict == "UNTESTABLE"
    remember(planned.model_copy(update={"corpus": "other", "family": "other"}), tmp_path)
    assert judge_planned(planned, scores)[0].verdict == "HOLDS"


@pytest.mark.parametrize("bad", [(1, 1, 2), (1, 2, 1)])
def test_verdict_says_that_seeds_were_adaptive(tmp_path: Path, bad: Sequence[int]) -> None:
    planned, scores = make_planned(tmp_path, [CLEARLY_ABOVE_BAD], bad)
    (judged,) = judge_planned(planned, scores)
    assert judged.verdict == "UNDECIDED"
    assert "n = 3, d_z = " in judged.reason
    assert judged.reason.endswith(", adaptive seeds")
