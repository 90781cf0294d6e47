from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from reports.statistics.equivalence import seeds_for_equivalence
from reports.statistics.gap import paired_gap
from reports.statistics.power import seeds_needed
from reports.statistics.sequential import cutoff
from reports.verdicts.judgement import (
    LEVEL,
    Judged,
    count_rows_of_all_pairs,
    judge_claims,
)
from search_spaces.catalogue import find_study
from search_spaces.claim import Claim, Comparison, PrintedValue, Score, greater, same
from search_spaces.paper_claims import claims_of
from search_spaces.studies.planted import planted_claims
from tests.reports.factories import collect, make_study, write_wrong
from tests.reports.fold_factory import write_folds

ACCURACY = Score("synthetic", "acc")

ABOVE = [10, 11, 10, 11, 10], [6, 6, 6, 6, 6]
"""Utterances that a rival and a row have wrong: the row is 20 or 25 points above, by seed."""


def above(row: str, rival: str, allowance: float = 0.0) -> Comparison:
    return Comparison(row=row, rival=rival, score=ACCURACY, allowance=allowance)


def claim(*parts, **given) -> Claim:
    about = {"id": "own", "text": "", "kind": "greater", "family": "own"}
    return Claim.model_validate({**about, "parts": parts, **given})


def judge(tmp_path, claims, wrong, **given) -> list[Judged]:
    ledger, study = Ledger(tmp_path), make_study(wrong, claims=tuple(claims))
    outcome = collect(study, write_wrong(ledger, wrong), ledger, **given)
    return judge_claims(study, [outcome], TrialScores(ledger))


def judge_pair(tmp_path, row, rival, margin=0.005) -> Judged:
    (judged,) = judge(
        tmp_path, [claim([above("a", "b")], margin=margin)], {"a": list(row), "b": list(rival)}
    )
    return judged


@pytest.mark.parametrize(
    ("row", "rival", "margin", "verdict"),
    [
        (ABOVE[1], ABOVE[0], 0.005, "HOLDS"),
        (ABOVE[1], ABOVE[0], 0.5, "HOLDS-WEAKER"),
        (ABOVE[0], ABOVE[1], 0.005, "REVERSED"),
        ([9, 8, 9, 10, 9], [9, 9, 9, 9, 9], 0.3, "EQUIVALENT"),
        ([9, 13, 9, 11, 9], [9, 9, 9, 9, 9], 0.06, "FAILS"),
        ([9, 5, 9, 11, 7], [9, 9, 9, 9, 9], 0.05, "UNDECIDED"),
        ([9, 9, 9], [9, 9, 9], 0.3, "EQUIVALENT"),
    ],
)
def test_verdict_is_that_of_the_gap_and_the_margin(tmp_path, row, rival, margin, verdict):
    assert judge_pair(tmp_path, row, rival, margin).verdict == verdict


def test_rows_are_equivalent_only_if_every_gap_of_the_claim_is_within_the_margin(tmp_path):
    """The row equals b, and is far above c: "above both" fails, and the three are no equals."""
    wrong = {"a": [9, 8, 9, 10, 9], "b": [9, 9, 9, 9, 9], "c": [19, 18, 19, 18, 19]}
    claims = [claim([above("a", rival) for rival in "bc"], margin=0.3)]
    (judged,) = judge(tmp_path / "far", claims, wrong)
    assert judged.verdict == "FAILS"
    (judged,) = judge(tmp_path / "near", claims, {**wrong, "c": [9, 9, 8, 9, 9]})
    assert judged.verdict == "EQUIVALENT"


@pytest.mark.parametrize(
    ("row", "margin", "verdict"),
    [
        ([9, 8, 9, 10, 9], 0.3, "EQUIVALENT"),
        ([7, 8, 7, 8, 7], 0.3, "EQUIVALENT"),  # 5 or 10 points above 0, and within 30
        ([9, 8, 9, 10, 9], 0.03, "UNDECIDED"),
        ([1, 2, 1, 2, 1], 0.3, "FAILS"),
        ([17, 16, 17, 16, 17], 0.3, "FAILS"),
        ([7, 8, 7, 8, 7], 0.05, "UNDECIDED"),  # shown to be above 0, which is not the question
    ],
)
def test_claim_of_sameness_is_about_the_margin_alone(tmp_path, row, margin, verdict):
    about = same("own", "", "a", "b", corpus="synthetic", metric="acc", margin=margin)
    (judged,) = judge(tmp_path, [about], {"a": row, "b": [9, 9, 9, 9, 9]})
    assert judged.verdict == verdict


def test_claim_of_sameness_hangs_on_the_gap_farthest_from_zero(tmp_path):
    about = same("own", "", "a", "b", "c", corpus="synthetic", metric="acc", margin=0.2)
    wrong = {"a": [9, 8, 9, 10, 9], "b": [9, 9, 9, 9, 9], "c": [1, 2, 1, 2, 1]}
    (judged,) = judge(tmp_path, [about], wrong)
    assert judged.verdict == "FAILS"
    assert judged.reason.startswith("largest of 2 gaps, to 'c', -38.00 points")


def test_seeds_that_would_show_sameness_are_projected(tmp_path):
    about = same("own", "", "a", "b", corpus="synthetic", metric="acc", margin=0.04)
    (judged,) = judge(tmp_path, [about], {"a": [9, 8, 9, 10, 9], "b": [9] * 5})
    # differences of 0, 5, 0, -5, 0 points: std sqrt(12.5)
    assert judged.projected_seeds == seeds_for_equivalence(0.0, 4 / 12.5**0.5, LEVEL)


def test_reason_tells_the_gap_in_points_with_its_interval(tmp_path):
    reason = judge_pair(tmp_path, *reversed(ABOVE)).reason
    # differences of 20, 25, 20, 25, 20 points: std 2.739, t(.975, 4) = 2.776
    assert reason == (
        "gap +22.00 points [+18.60, +25.40], n = 5, d_z = 8.0, P(better) = 1.00 [0.48, 1.00]"
    )


def test_gap_is_told_in_few_words_too(tmp_path):
    brief = "+22.0 points, 95 % interval 18.6 to 25.4, 5 seeds"
    assert judge_pair(tmp_path / "one", *reversed(ABOVE)).brief == brief
    both = claim([above("a", "b"), above("a", "c")])
    wrong = {"a": ABOVE[1], "b": ABOVE[0], "c": [16, 17, 16, 17, 16]}
    (judged,) = judge(tmp_path / "two", [both], wrong)
    assert judged.brief == f"smallest of 2 gaps {brief}"


def test_open_claim_has_a_projection(tmp_path):
    judged = judge_pair(tmp_path, [9, 5, 9, 11, 7], [9, 9, 9, 9, 9], 0.05)
    # differences of 0, 20, 0, -10, 10 points: mean 4, std sqrt(130)
    assert judged.projected_seeds == seeds_needed(4 / 130**0.5, LEVEL)


def test_two_seeds_are_too_few(tmp_path):
    judged = judge_pair(tmp_path, [1, 2], [9, 9])
    assert (judged.verdict, judged.beyond) == ("UNTESTABLE", None)
    assert judged.reason == "'a' and 'b' share 2 of at least 3 seeds"


def test_row_without_trials_is_untestable(tmp_path):
    (judged,) = judge(tmp_path, [claim([above("a", "b")])], {"a": [1, 1, 1], "b": []})
    assert judged.reason == "'a' and 'b' share 0 of at least 3 seeds"


def test_other_corpus_is_untestable(tmp_path):
    other = greater("own", "", "a", "b", corpus="mosei", metric="acc")
    (judged,) = judge(tmp_path, [other], {"a": ABOVE[1], "b": ABOVE[0]})
    assert (judged.verdict, judged.reason) == ("UNTESTABLE", "no trials on CMU-MOSEI")


def test_other_scale_is_untestable(tmp_path):
    paper = claim([above("a", "b")], scale="paper")
    (judged,) = judge(tmp_path, [paper], {"a": ABOVE[1], "b": ABOVE[0]})
    assert judged.reason == "no trials on Synthetic corpus at the paper scale"


def test_what_trials_cannot_decide_says_why(tmp_path):
    stated = claim([above("a", "b")], untestable="it is about the future")
    (judged,) = judge(tmp_path, [stated], {"a": ABOVE[1], "b": ABOVE[0]})
    assert (judged.verdict, judged.reason) == ("UNTESTABLE", "it is about the future")
    assert judged.compared == ()


@pytest.mark.parametrize(
    ("third", "verdict"),
    [(ABOVE[0], "HOLDS"), ([9, 5, 2, 11, 3], "UNDECIDED"), ([1, 2, 1, 2, 1], "REVERSED")],
    ids=str,
)
def test_conjunction_needs_all_its_gaps(tmp_path, third, verdict):
    both = claim([above("a", "b"), above("a", "c")])
    wrong = {"a": ABOVE[1], "b": ABOVE[0], "c": third}
    (judged,) = judge(tmp_path, [both], wrong)
    assert judged.verdict == verdict
    assert judged.reason.startswith(f"smallest of 2 gaps, to '{'b' if third == ABOVE[0] else 'c'}'")


@pytest.mark.parametrize(("number", "verdict"), [(2, "HOLDS"), (3, "REVERSED")])
def test_some_parts_are_enough_where_the_claim_says_so(tmp_path, number, verdict):
    parts = [[above("a", "b")], [above("a", "c")], [above("a", "d")]]
    wrong = {"a": ABOVE[1], "b": ABOVE[0], "c": ABOVE[0], "d": [1, 2, 1, 2, 1]}
    (judged,) = judge(tmp_path, [claim(*parts, at_least=number)], wrong)
    assert judged.verdict == verdict


def test_projection_asks_only_for_the_parts_that_are_needed(tmp_path):
    parts = [[above("a", "b")], [above("a", "c")]]
    wrong = {"a": [9, 9, 9, 9, 9], "b": [9, 13, 9, 7, 11], "c": [9, 12, 5, 9, 10]}
    (one,) = judge(tmp_path / "one", [claim(*parts, at_least=1)], wrong)
    (both,) = judge(tmp_path / "both", [claim(*parts)], wrong)
    # to b: mean 4, std sqrt(130); to c, of 0, 15, -20, 0, 5 points: mean 0, which no seeds decide
    assert one.projected_seeds == seeds_needed(4 / 130**0.5, LEVEL / 2)
    assert both.projected_seeds is None


def test_allowance_is_added_and_told(tmp_path):
    wrong = {"a": [11, 10, 11, 10, 11], "b": [9, 9, 9, 9, 9]}  # -10 or -5 points
    strict, lenient = (claim([above("a", "b", allowed)]) for allowed in (0.0, 0.2))
    (reversed_,) = judge(tmp_path / "strict", [strict], wrong)
    (holds,) = judge(tmp_path / "lenient", [lenient], wrong)
    assert (reversed_.verdict, holds.verdict) == ("REVERSED", "HOLDS")
    assert holds.reason == (
        "gap -8.00 points [-11.40, -4.60], 20.00 allowed, n = 5, d_z = 4.4, "
        "P(better) = 0.00 [0.00, 0.52]"
    )


@pytest.mark.parametrize(
    ("families", "verdict"),
    [(["own"], "HOLDS"), (["own"] * 3, "UNDECIDED"), (["x", "y", "z"], "HOLDS")],
)
def test_claims_of_one_family_are_corrected_together(tmp_path, families, verdict):
    """Differences of 10, 15, 10 points: t = 7, p = .0099, three times which is above .025."""
    claims = [claim([above("a", "b")], family=family) for family in families]
    judged = judge(tmp_path, claims, {"a": [6, 6, 6], "b": [8, 9, 8]})
    assert [one.verdict for one in judged] == [verdict] * len(families)


def test_claims_on_each_pair_of_rows_are_a_family_of_their_own(tmp_path):
    """That a and c differ leaves one pair that can be equal; Holm would go on with two."""
    claims = [claim([above(*pair)]) for pair in ("ab", "ac", "bc")]
    assert count_rows_of_all_pairs(claims) == 3
    wrong = {"a": [4, 4, 4, 4], "b": [5, 5, 6, 7], "c": [6, 7, 9, 8]}
    judged = judge(tmp_path / "all", claims, wrong)
    assert [one.verdict for one in judged] == ["HOLDS"] * 3
    differences = [np.subtract(wrong[r], wrong[o]) for o, r in ("ab", "ac", "bc")]
    p_values = sorted(stats.ttest_1samp(d, 0, alternative="greater").pvalue for d in differences)
    assert 3 * p_values[0] < LEVEL < 2 * p_values[1]


@pytest.mark.parametrize(
    "claims",
    [
        [claim([above("a", "b")])],
        [claim([above(*pair)]) for pair in ("ab", "ac")],
        [claim([above(*pair)]) for pair in ("ab", "ac", "ba")],
        [claim([above(one, other, 0.01)]) for one, other in ("ab", "ac", "bc")],
        [claim([above(*pair)], kind="same") for pair in ("ab", "ac", "bc")],
        [claim([above("a", "b"), above("a", "c")]), claim([above("b", "c")])],
    ],
)
def test_other_claims_are_not_all_pairs(claims):
    assert count_rows_of_all_pairs(claims) is None


def test_claims_that_cannot_be_tested_do_not_weigh_on_the_others(tmp_path):
    claims = [claim([above("a", "b")]), *[claim([above("a", "c")])] * 3]
    judged = judge(tmp_path, claims, {"a": [6, 6, 6], "b": [8, 9, 8], "c": []})
    assert [one.verdict for one in judged] == ["HOLDS", *["UNTESTABLE"] * 3]


def test_test_set_of_few_clusters_leaves_open_what_the_split_shows(tmp_path):
    """The wrong utterances of a row stand in one of four dialogues, those of the rival in three."""
    judged = judge_pair(tmp_path, *reversed(ABOVE))
    assert (judged.verdict, judged.beyond) == ("HOLDS", "UNDECIDED")


def test_auc_has_no_verdict_beyond_the_split(tmp_path):
    about = greater("own", "", "a", "b", corpus="synthetic", metric="auc")
    (judged,) = judge(tmp_path, [about], {"a": ABOVE[1], "b": ABOVE[0]})
    assert (judged.verdict, judged.beyond) == ("HOLDS", None)


@pytest.mark.parametrize(
    ("text", "unit", "verdict", "luck"),
    [
        ("65", "percent", "COMPATIBLE", "a usual run reaches it"),
        ("95.0", "percent", "INCOMPATIBLE", "above the best of ours"),
        ("0.72", "fraction", "COMPATIBLE", "expected from the best of 2"),
        ("0.73", "fraction", "COMPATIBLE", "expected from the best of 3"),
    ],
)
def test_printed_value_is_held_against_our_scores(tmp_path, text, unit, verdict, luck):
    """Ours are 65, 70, 70, 70 and 75 %: best of two 72, of three 73 expected."""
    value = PrintedValue(row="a", score=ACCURACY, text=text, unit=unit)
    (judged,) = judge(tmp_path, [claim(kind="value", value=value)], {"a": [5, 6, 7, 6, 6]})
    assert judged.verdict == verdict
    assert judged.reason.endswith(f"(n = 5), published {text}; {luck}")
    assert judged.num_seeds == 5


def test_printed_value_without_trials_is_untestable(tmp_path):
    value = PrintedValue(row="a", score=ACCURACY, text="70", unit="percent")
    elsewhere = value.model_copy(update={"score": Score("iemocap", "acc")})
    claims = [claim(kind="value", value=one) for one in (value, elsewhere)]
    judged = judge(tmp_path, claims, {"a": [5, 6]})
    assert [one.verdict for one in judged] == ["UNTESTABLE"] * 2
    assert [one.reason for one in judged] == [
        *("'a' has 2 of at least 3 seeds", "no trials on IEMOCAP")
    ]


def test_printed_value_is_not_held_against_scores_of_folds(tmp_path):
    value = PrintedValue(row="a", score=Score("mine", "acc"), text="70", unit="percent")
    study, ledger = make_study(["a"], claims=(claim(kind="value", value=value),)), Ledger(tmp_path)
    keys = write_folds(ledger, {"a": [[5, 6, 7, 6]] * 3})
    outcome = collect(study, keys, ledger, corpus="mine", num_folds=4)
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    assert judged.verdict == "UNTESTABLE"
    assert judged.reason == "a printed value is that of all folds, of which there is only one set"


def test_costs_are_reported_of_the_row_at_the_claims_scale(tmp_path):
    costs = [
        claim(kind="complexity", costs_of="a"),
        claim(kind="complexity", costs_of="a", scale="paper"),
        claim(kind="complexity", costs_of="b"),
    ]
    judged = judge(tmp_path, costs, {"a": [5]}, corpus="mine")
    assert [one.verdict for one in judged] == ["REPORTED", "UNTESTABLE", "UNTESTABLE"]
    assert judged[0].reason == "'a': 0.0 M parameters"
    assert judged[1].reason == (
        "no finished trial of 'a' at the paper scale on a corpus of the paper"
    )


def test_adaptive_seeds_on_one_corpus_leave_fixed_ones_elsewhere_alone(tmp_path):
    claims = [
        greater(name, "", "a", "b", corpus=name, metric="acc", margin=0.001)
        for name in ("one", "other")
    ]
    study = make_study(["a", "b"], claims=tuple(claims))
    ledger = Ledger(tmp_path)
    keys = write_wrong(ledger, {"a": [4, 3, 4, 3, 4], "b": [6, 6, 5, 6, 5]})
    outcomes = [
        replace(collect(study, keys, ledger, corpus="one"), looks=(3, 5, 10)),
        collect(study, keys, ledger, corpus="other"),
    ]
    adaptive, fixed = judge_claims(study, outcomes, TrialScores(ledger))
    assert "adaptive" in adaptive.reason
    assert "adaptive" not in fixed.reason
    assert fixed.verdict == "HOLDS"


def judge_adaptive(tmp_path, wrong, looks) -> Judged:
    study = make_study(wrong, claims=(claim([above("a", "b")], margin=0.001),))
    ledger = Ledger(tmp_path)
    outcome = replace(collect(study, write_wrong(ledger, wrong), ledger), looks=looks)
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    return judged


def test_adaptive_claim_is_told_with_the_interval_of_its_look(tmp_path):
    judged = judge_adaptive(tmp_path, {"a": [6, 6, 6], "b": [10, 11, 10]}, (3, 5))
    level = 1 - 2 * cutoff(3, LEVEL, (3, 5))
    low, high = paired_gap(np.array([0.2, 0.25, 0.2])).interval(level)
    assert judged.reason.startswith(f"gap +21.67 points [{100 * low:+.2f}, {100 * high:+.2f}]")
    assert judged.brief.endswith(f"{100 * low:.1f} to {100 * high:.1f}, 3 seeds, adaptive seeds")
    assert judged.projected_seeds is None


def test_adaptive_claim_is_judged_beyond_the_split_where_all_seeds_count(tmp_path):
    """The wrong utterances lie in few dialogues, as in the test of fixed seeds above."""
    at_look = {"a": [6, 6, 6], "b": [10, 11, 10]}
    judged = judge_adaptive(tmp_path / "look", at_look, (3, 5))
    assert (judged.verdict, judged.beyond) == ("HOLDS", "UNDECIDED")
    after = {row: [*wrong, wrong[0]] for row, wrong in at_look.items()}
    judged = judge_adaptive(tmp_path / "after", after, (3, 5))
    assert (judged.verdict, judged.beyond) == ("HOLDS", None)


def test_open_adaptive_claim_has_a_projection(tmp_path):
    judged = judge_adaptive(tmp_path, {"a": [9, 5, 9, 11, 7], "b": [9] * 5}, (3, 5))
    assert judged.projected_seeds == seeds_needed(4 / 130**0.5, LEVEL)


def test_corpus_of_the_very_name_comes_before_its_family(tmp_path):
    study = make_study(["a", "b"], claims=(greater("C", "", "a", "b", corpus="x", metric="acc"),))
    ledger = Ledger(tmp_path)
    good = write_wrong(ledger, {"a": [1, 1, 2], "b": [8, 8, 9]})
    bad = {"a": good["b"], "b": good["a"]}
    by_family = collect(study, bad, ledger, corpus="copy-of-x", family="x")
    exact = collect(study, good, ledger, corpus="x")
    (judged,) = judge_claims(study, [by_family, exact], TrialScores(ledger))
    assert judged.verdict == "HOLDS"
    (judged,) = judge_claims(study, [by_family], TrialScores(ledger))
    assert judged.verdict == "REVERSED"
    assert ", on copy-of-x" in judged.reason


def test_missing_seeds_of_a_comparison_are_told(tmp_path):
    study = make_study(["a", "b"], claims=(greater("C", "", "a", "b", corpus="x", metric="acc"),))
    ledger = Ledger(tmp_path)
    keys = write_wrong(ledger, {"a": [1, 1, 2], "b": [8, 8, 9]})
    planned = {"a": (*keys["a"], "lost", "lost too"), "b": (*keys["b"], "lost", "gone")}
    outcome = collect(study, planned, ledger, corpus="x")
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    assert ", 2 planned seeds without a score" in judged.reason


def test_what_would_decide_a_claim_that_looks_false_is_projected_too(tmp_path):
    study = make_study(
        ["a", "b", "c"], claims=(greater("C", "", "a", "b", "c", corpus="x", metric="acc"),)
    )
    ledger = Ledger(tmp_path)
    keys = write_wrong(ledger, {"a": [5, 4, 6], "b": [5, 3, 5], "c": [6, 3, 7]})
    (judged,) = judge_claims(study, [collect(study, keys, ledger, corpus="x")], TrialScores(ledger))
    assert judged.verdict == "UNDECIDED"
    below = (0.5 + 10 / 3) / (5 / 3**0.5)  # the margin; b over a: 0, 5 and 5 points
    assert judged.projected_seeds == seeds_needed(below, LEVEL / 2)


def test_papers_claims_are_judged_on_the_papers_corpus(tmp_path):
    study, ledger = find_study("layers"), Ledger(tmp_path)
    wrong = {row.name: ABOVE[1 if row.name == "2-2-2-2" else 0] for row in study.rows}
    keys = write_wrong(ledger, wrong)
    outcome = collect(study, keys, ledger, corpus="iemocap", scale="paper")
    judged = {one.claim.id: one for one in judge_claims(study, [outcome], TrialScores(ledger))}
    verdicts = [judged[name].verdict for name in ("L12a", "L12b", "L12c", "L12d", "L13")]
    assert verdicts == ["HOLDS", "HOLDS", *["UNTESTABLE"] * 3]
    assert judged["L13"].reason == "no trials on CMU-MOSEI at the paper scale"


def test_no_claim_of_a_paper_is_judged_on_another_corpus(tmp_path):
    study, ledger = find_study("layers"), Ledger(tmp_path)
    keys = write_wrong(ledger, {row.name: ABOVE[0] for row in study.rows})
    outcome = collect(study, keys, ledger, corpus="synthetic", scale="paper")
    judged = judge_claims(study, [outcome], TrialScores(ledger))
    verdicts = {one.claim.id: one.verdict for one in judged}
    of_paper = [claim.id for claim in claims_of(study) if claim.is_of_paper]
    assert {verdicts[name] for name in of_paper} == {"UNTESTABLE"}


def test_planted_claims_are_judged_on_the_synthetic_corpus_alone(tmp_path):
    study, ledger = find_study("layers"), Ledger(tmp_path)
    keys = write_wrong(ledger, {row.name: ABOVE[0] for row in study.rows})
    planted = {claim.id for claim in planted_claims("layers")}
    judged = {}
    for corpus in ("synthetic", "mine"):
        outcome = collect(study, keys, ledger, corpus=corpus, scale="tiny")
        judged[corpus] = {
            one.claim.id: one.verdict for one in judge_claims(study, [outcome], TrialScores(ledger))
        }
    assert {judged["synthetic"][name] for name in planted} == {"EQUIVALENT"}
    assert not planted & judged["mine"].keys()
