"""The papers' claims become comparisons of rows."""

from collections import Counter

import pytest

from search_spaces.catalogue import COLLECTIONS, STUDIES
from search_spaces.claim import Claim, Comparison, Score, greater, same
from search_spaces.errors import StudyError
from search_spaces.paper_claims import claims_of
from search_spaces.printed.published import load_published
from search_spaces.study import Row, Study

MADE = [claim for study in STUDIES.values() for claim in claims_of(study) if claim.is_of_paper]
CLAIMS = {claim.id: claim for claim in MADE}


def test_every_claim_of_the_papers_is_made_by_one_study() -> None:
    made = Counter(claim.id for claim in MADE)
    assert made == Counter(claim.id for claim in load_published().claims)
    assert len(made) == 66


def test_every_claim_can_be_judged_valued_or_reported() -> None:
    for claim in CLAIMS.values():
        assert not claim.untestable
        assert claim.parts or claim.value or claim.kind == "complexity"


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_claims_are_about_rows_of_their_study(study: Study) -> None:
    names = {row.name for row in study.rows}
    assert all(set(claim.rows) <= names for claim in claims_of(study))


@pytest.mark.parametrize(
    ("claim", "margin"),
    [("L02", 0.019), ("L09b", 0.00695), ("X06b", 0.011), ("L12a", 0.005), ("L06a", 0.005)],
)
def test_margin_is_half_of_the_gap_that_is_stated_or_half_a_point(
    claim: str, margin: float
) -> None:
    assert CLAIMS[claim].margin == pytest.approx(margin, abs=1e-12)


def test_delta_compares_two_cells() -> None:
    ours, fe2e = "Ours", "FE2E"
    assert CLAIMS["L03"].parts == (
        (Comparison(row=ours, rival=fe2e, score=Score("mosei", "wacc")),),
    )


def test_claim_about_an_emotion_compares_that_emotion() -> None:
    scores = [one.score for one in CLAIMS["L06d"].comparisons]
    assert scores == [Score("mosei", "wacc", "disgust"), Score("mosei", "f1", "disgust")]


def test_best_is_above_every_other_printed_row() -> None:
    rivals = [one.rival for one in CLAIMS["L12b"].comparisons]
    assert rivals == ["1-1-1-1", "1-1-2-2", "2-2-4-4", "4-4-4-4", "4-4-6-6"]


def test_compared_methods_are_not_the_papers_own_rows() -> None:
    rivals = [one.rival for one in CLAIMS["X02b"].comparisons]
    assert len(rivals) == 8
    assert not any(rival.startswith("MER-SEM-MBT") for rival in rivals)
    assert {one.score for one in CLAIMS["X02b"].comparisons} == {Score("iemocap", "f1")}


def test_order_of_four_rows_is_three_comparisons() -> None:
    chain = [(one.row, one.rival) for one in CLAIMS["X07a"].comparisons]
    assert chain == [("MER-SEM-MBT", "MER-SEM"), ("MER-SEM", "MER-MBT"), ("MER-MBT", "MER")]


def test_most_cells_are_more_than_half_of_them() -> None:
    claim = CLAIMS["X03"]
    assert (claim.at_least, len(claim.parts)) == (13, 24)
    assert {len(part) for part in claim.parts} == {8}


def test_value_keeps_its_printed_precision() -> None:
    value = CLAIMS["X01c"].value
    assert value is not None
    assert (value.row, value.text, value.score) == ("MER-SEM-MBT", "0.696", Score("mosei", "wacc"))


def test_claims_of_rows_that_a_derived_study_has_not_are_untestable() -> None:
    layers = STUDIES["layers"]
    fewer = layers.model_copy(update={"rows": layers.rows[:2]})
    assert fewer.configs("iemocap", "paper")
    claims = {claim.id: claim.untestable for claim in claims_of(fewer)}
    assert claims["L12a"] == "the study has no cell for le_t6/d2222/IEMOCAP.Acc"
    assert claims["L13"] == "the study has no row '2-2-2-2', '4-4-4-4'"


def test_own_claim_about_a_row_that_is_not_there_is_a_fault() -> None:
    claim = greater("mine", "a beats b", "a", "b", corpus="mine", metric="f1")
    study = STUDIES["layers"].model_copy(update={"rows": (Row(name="a"),), "claims": (claim,)})
    with pytest.raises(StudyError, match=r"claim 'mine': no row 'b'; choose from a"):
        study.configs("mine", "tiny")


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ([greater("x", "", "a", "a", corpus="mine", metric="f1")], "row 'a' is its own rival"),
        ([greater("x", "", "a", corpus="mine", metric="f1")], "compares nothing: name a rival"),
        (
            [greater("x", "", "a", "b", corpus="mine", metric="f1", margin=1)],
            "margin 1 is 100 points or more; it is a fraction",
        ),
        ([greater("x", "", "a", "b", corpus="mine", metric="f1")] * 2, "listed twice"),
    ],
    ids=["itself", "nothing", "percent", "twice"],
)
def test_claim_without_sense_is_a_fault(claims: list[Claim], fault: str) -> None:
    rows = (Row(name="a"), Row(name="b", change={"model.width": 64}))
    study = STUDIES["layers"].model_copy(update={"rows": rows, "claims": tuple(claims)})
    with pytest.raises(StudyError, match=f"claim 'x': {fault}"):
        study.configs("mine", "tiny")


def test_what_is_allowed_is_the_margin() -> None:
    assert {CLAIMS[name].margin for name in ("X04", "X10", "X14")} == {0.0}


def test_claims_of_one_printed_table_are_one_family() -> None:
    families = {claim.id: claim.family for claim in CLAIMS.values()}
    table_2 = ("X02a", "X02b", "X02c", "X02d", "X03", "X04", "X05", "X12")
    assert {families[name] for name in table_2} == {"xia, Table 2"}
    assert (families["L05a"], families["L05d"]) == ("le, Table 3", "le, Table 4")


def test_claim_cannot_need_more_parts_than_it_has() -> None:
    part = (Comparison(row="a", rival="b", score=Score("mine", "f1")),)
    with pytest.raises(ValueError, match=r"claim 'x': at_least is 2, but it has 1 parts"):
        Claim(id="x", text="", kind="count", family="own", parts=(part,), at_least=2)


@pytest.mark.parametrize(("margin", "allowance"), [(0.0, 0.0), (0.01, 0.02)])
def test_rows_are_the_same_within_a_margin_alone(margin: float, allowance: float) -> None:
    about = same("s", "", "a", "b", corpus="mine", metric="f1")
    one = about.comparisons[0].model_copy(update={"allowance": allowance})
    with pytest.raises(ValueError, match=r"claim 's': rows are the same within a margin; give"):
        Claim(id="s", text="", kind="same", family="own", parts=((one,),), margin=margin)


def test_papers_and_all_hold_every_study_of_theirs() -> None:
    assert [study.name for study in COLLECTIONS["all"]] == [
        *(study.name for study in COLLECTIONS["le2023"]),
        *(study.name for study in COLLECTIONS["xia2022"]),
    ]
    judged = {
        claim.id for study in COLLECTIONS["all"] for claim in claims_of(study) if claim.is_of_paper
    }
    assert len(judged) == 66
