"""What papers claim of their corpora is asked of others, once, and by itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from reports.ledger.ledger import Ledger
from reports.scores.cells import Outcome
from reports.scores.trials import TrialScores
from reports.verdicts.here import AskedHere, ask_here
from reports.verdicts.judgement import Judged, judge_claims
from search_spaces.catalogue import STUDIES, find_study
from search_spaces.claim import greater
from search_spaces.study import ANY_CORPUS, Column, Study
from tests.reports.factories import collect, write_wrong

OWN_CLAIM = greater("P1", "", "2-2-2-2", "1-1-1-1", corpus="mine", metric="f1")


def ask(study: Study, corpus: str = "mine", family: str = "") -> dict[str, AskedHere]:
    planned: dict[str, tuple[str, ...]] = {row.name: () for row in study.rows}
    outcome = Outcome(corpus, family or corpus, "tiny", planned, {}, ())
    return {one.id: one for one in ask_here(study, [outcome])}


def judge(storage: Path, study: Study, wrong: Mapping[str, Sequence[int]]) -> list[Judged]:
    ledger = Ledger(storage)
    outcome = collect(study, write_wrong(ledger, wrong), ledger, corpus="mine")
    return judge_claims(study, [outcome], TrialScores(ledger))


def test_claims_that_compare_the_same_ask_once() -> None:
    questions = ask(find_study("components"))
    assert list(questions) == ["L07 here", "L09a here", "L10a here", "L11a here"]
    fusion = questions["L09a here"]
    assert fusion.text == "on mine: '+ Transformer-based Fusion' beats 'Early Fusion' in F1?"
    assert fusion.asked_by == ("L09a", "L09b", "L09c", "L09d")
    assert fusion.note == "What L09a, L09b, L09c and L09d compare."
    assert ask(find_study("sota"))["X04 here"].note == "What X04 compares."
    assert {one.score for one in fusion.comparisons} == {("mine", "f1", None)}
    assert (fusion.margin, fusion.scale) == (0.005, "tiny")
    assert {one.family for one in questions.values()} == {"asked of mine, tiny scale"}


@pytest.mark.parametrize(
    ("study", "question", "text"),
    [
        ("layers", "L12a here", "'2-2-2-2' beats all others in F1?"),
        ("sota", "X02a here", "'MER-SEM-MBT' beats 8 other rows in F1?"),
        ("cross-modal", "X11a here", "'MBT' beats all others in F1?"),
        (
            "modules",
            "X07a here",
            "'MER-SEM-MBT' beats 'MER-SEM', 'MER-SEM' beats 'MER-MBT' and 'MER-MBT' beats 'MER' "
            "in F1?",
        ),
        (
            "sota",
            "X04 here",
            "'MER-SEM-MBT without the textual decision' is less than 2.0 points below "
            "'MER-SEM-MBT' in F1?",
        ),
        (
            "bottlenecks",
            "X14 here",
            "'1' is within 1.0 points of '4', '2' is within 1.0 points of '4', '8' is within 1.0 "
            "points of '4' and '16' is within 1.0 points of '4' in F1?",
        ),
    ],
)
def test_question_says_what_is_compared(study: str, question: str, text: str) -> None:
    assert ask(find_study(study))[question].question == text


def test_allowance_needs_no_margin() -> None:
    assert ask(find_study("bottlenecks"))["X14 here"].margin == 0.0


def test_every_comparing_claim_asks_or_makes_no_sense_elsewhere() -> None:
    """Not asked: values, costs, emotions, a number of cells, and opposite things of two corpora."""
    asked_by = {i for s in STUDIES.values() for one in ask(s).values() for i in one.asked_by}
    claims = {claim for study in STUDIES.values() for claim in map(id_of, study.claims)}
    papers = {claim for claim in claims if claim[0] in "LX" and claim[1].isdigit()}
    assert papers - asked_by == {
        *("X01a", "X01b", "X01c", "X01d", "X13", "X03", "L13"),
        *("L06a", "L06b", "L06c", "L06d", "L06e", "L06f"),
    }


def id_of(claim: object) -> str:
    return claim if isinstance(claim, str) else str(getattr(claim, "id", ""))


@pytest.mark.parametrize(
    ("corpus", "family"), [("iemocap", ""), ("mosei", ""), ("iemocap-session5", "iemocap")]
)
def test_nothing_is_asked_of_corpora_that_a_claim_is_about(corpus: str, family: str) -> None:
    asked = {study.name for study in STUDIES.values() if ask(study, corpus, family)}
    assert asked == ({"sem"} if corpus == "mosei" else set())  # whose claim is about IEMOCAP alone


def test_own_claims_about_a_corpus_stand_alone() -> None:
    layers = find_study("layers")
    own = layers.model_copy(update={"claims": (*layers.claims, OWN_CLAIM)})
    assert not ask(own)
    assert list(ask(own, "yours")) == ["L12a here", "L12c here"]


def test_missing_rows_are_not_asked_for() -> None:
    layers = find_study("layers")
    fewer = layers.model_copy(update={"rows": layers.rows[:4]})
    assert list(ask(fewer)) == ["L12a here"]


def test_first_metric_is_asked_for_without_f1() -> None:
    columns = {ANY_CORPUS: (Column(metric="wacc", header="WAcc"), Column(metric="acc", header="A"))}
    layers = find_study("layers").model_copy(update={"columns": columns, "claims": ("L12a",)})
    assert not ask(layers)  # its claim now has no cell of the paper
    components = find_study("components")
    other = components.model_copy(update={"columns": {**components.columns, **columns}})
    assert ask(other)["L07 here"].text.endswith("in WAcc?")


def test_questions_are_corrected_among_themselves(tmp_path: Path) -> None:
    """A gap whose p is between .025 / 4 and .025 is open beside three open ones."""
    components = find_study("components")
    text, image, sound, early, fusion, full = (row.name for row in components.rows)
    wrong = {text: [6, 8, 6, 9, 5], early: [4, 4, 5, 4, 4]}
    others = {row: [4, 5, 4, 4, 4] for row in (image, sound, fusion, full)}
    by_id = {one.claim.id: one for one in judge(tmp_path / "all", components, wrong | others)}
    alone = components.model_copy(update={"claims": ("L07",)})
    (_, only) = judge(tmp_path / "one", alone, wrong | others)
    gap = only.compared[0].gap
    assert gap is not None
    assert 0.025 / 4 < gap.p_not_above(0.0) < 0.025
    assert (only.verdict, by_id["L07 here"].verdict) == ("HOLDS", "UNDECIDED")
    assert {by_id[f"L{number}"].verdict for number in ("07", "09a", "10d")} == {"UNTESTABLE"}
