import csv
import io
import json

import pytest
from rich.console import Console

from reports.forms.document import compile_pdf
from reports.forms.latex_text import standalone
from reports.forms.verdict_words import MEANINGS, explain, summarise, tell_in_brief
from reports.forms.verdicts import FORMS, PREAMBLE, to_html, to_latex, to_markdown, write_verdicts
from reports.forms.verdicts_plain import to_csv, to_json
from reports.forms.verdicts_terminal import VerdictsView
from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from reports.verdicts.judgement import Judged, judge_claims
from search_spaces.catalogue import find_study
from search_spaces.claim import Claim, Comparison, PrintedValue, Score, greater
from tests.reports.factories import collect, make_study, write_wrong
from tests.reports.forms.test_document import NASTY, needs_tex
from tests.reports.forms.test_html import Page

SCORE = Score("synthetic", "acc")
WRONG = {"a": [6, 6, 6, 6, 6], "b": [10, 11, 10, 11, 10], NASTY: [6, 2, 6, 8, 4]}


def judge(storage, claims, wrong=WRONG) -> list[Judged]:
    ledger, study = Ledger(storage), make_study(wrong, claims=tuple(claims))
    outcome = collect(study, write_wrong(ledger, wrong), ledger)
    return judge_claims(study, [outcome], TrialScores(ledger))


def make_judged(storage) -> list[Judged]:
    """Judge claims of several kinds: one is open, one of a value, one of another corpus."""
    value = PrintedValue(row="a", score=SCORE, text="70.0", unit="percent")
    lenient = Comparison(row="b", rival="a", score=SCORE, allowance=0.5)
    claims = [
        greater("C1", "a beats b", "a", "b", corpus="synthetic", metric="acc"),
        greater("C2", NASTY, "a", NASTY, corpus="synthetic", metric="acc"),
        Claim(id="C3", text="a has 70.0", kind="value", family="own", value=value),
        greater("C4", "elsewhere", "a", "b", corpus="mosei", metric="acc"),
        Claim(
            id="C5", text="b is fair", kind="greater", family="x", parts=((lenient,),), note=NASTY
        ),
    ]
    return judge(storage, claims)


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> list[Judged]:
    return make_judged(tmp_path_factory.mktemp("storage"))


def show(judged: list[Judged], width: int = 120) -> str:
    file = io.StringIO()
    Console(width=width, file=file, color_system=None).print(VerdictsView(judged))
    return file.getvalue()


def test_summary_counts_verdicts(judged):
    assert summarise(judged) == ("5 claims: 2 HOLDS, 1 UNDECIDED, 1 COMPATIBLE, 1 UNTESTABLE.")


def test_every_verdict_has_a_meaning_and_only_those_that_occur_are_told(judged):
    assert list(explain(judged)) == ["HOLDS", "UNDECIDED", "COMPATIBLE", "UNTESTABLE"]
    assert explain([]) == {}
    assert len(MEANINGS) == 10


def test_csv_has_a_line_for_each_claim(judged):
    lines = list(csv.DictReader(io.StringIO(to_csv(judged))))
    assert [line["id"] for line in lines] == ["C1", "C2", "C3", "C4", "C5"]
    assert (lines[0]["verdict"], lines[0]["margin_points"], lines[0]["num_seeds"]) == (
        *("HOLDS", "0.50", "5"),
    )
    assert (lines[2]["margin_points"], lines[2]["beyond"]) == ("", "")
    assert lines[1]["claim"] == NASTY


def test_json_holds_the_comparison_behind_a_verdict(judged):
    document = json.loads(to_json(judged))
    claim = document["claims"][0]
    assert (document["level"], claim["parts"], claim["at_least"]) == (0.025, [[0]], 1)
    (comparison,) = claim["comparisons"]
    assert (comparison["row"], comparison["rival"], comparison["emotion"]) == ("a", "b", None)
    first = comparison["differences"][0]
    assert (first["trial"], first["rival_trial"], first["seed"]) == ("0-0", "1-0", 0)
    assert first["difference"] == pytest.approx(0.2)
    gap = comparison["gap"]
    assert gap["mean"] == pytest.approx(0.22)
    assert gap["t_interval_95"] == pytest.approx([0.186, 0.254], abs=5e-5)
    assert gap["p_not_above_zero"] + gap["p_not_below_zero"] == pytest.approx(1)
    assert gap["p_not_above_zero"] < comparison["gap_beyond"]["p_not_above_zero"]
    assert (comparison["sign_flip_p"], comparison["sign_flip_p_floor"]) == (1 / 32, 1 / 32)
    assert comparison["pairing_correlation"] is None


def test_json_holds_the_scores_of_a_value_and_the_problem_of_a_comparison(judged):
    claims = {claim["id"]: claim for claim in json.loads(to_json(judged))["claims"]}
    assert [one["score"] for one in claims["C3"]["scores"]] == pytest.approx([0.7] * 5)
    assert claims["C3"]["value"]["text"] == "70.0"
    assert claims["C4"]["comparisons"][0]["problem"] == "no trials on CMU-MOSEI"
    assert claims["C5"]["comparisons"][0]["allowance"] == 0.5


def test_markdown_escapes_what_would_end_a_cell(judged):
    lines = to_markdown(judged).splitlines()
    assert lines[0].startswith("5 claims: 2 HOLDS")
    body = [line for line in lines if line.startswith("| C")]
    assert len(body) == 4
    assert "UNTESTABLE here: 1 claim about CMU-MOSEI." in lines
    assert all(line.replace(r"\|", "").count("|") == 6 for line in body)


def test_html_is_well_formed_and_names_every_verdict(judged):
    page = Page(to_html(judged))
    assert {one.verdict for one in judged} <= set(page.words)
    assert [given["class"] for given in page.all("td") if given.get("class")][::2] == [
        *("verdict good", "verdict open", "verdict good", "verdict good")
    ]


def test_latex_breaks_over_pages_and_escapes(judged):
    text = to_latex(judged)
    assert r"\begin{longtable}" in text
    assert r"a\_b \& 50 \% \#1" in text
    assert "$-$" in text


@needs_tex
@pytest.mark.parametrize("num_copies", [0, 1, 12])
def test_latex_compiles(judged, asked_here, tmp_path, num_copies):
    document = standalone(to_latex([*judged, *asked_here] * num_copies), PREAMBLE)
    compilation = compile_pdf(document, tmp_path / "verdicts.pdf")
    assert compilation.problem == ""


def test_terminal_shows_what_was_tested_and_why_the_rest_was_not(judged):
    lines = show(judged, 200).splitlines()
    assert lines[0].startswith("Verdicts on 4 claims: 2 HOLDS, 1 UNDECIDED, 1 COMPATIBLE; beyond")
    assert lines[1] == "HOLDS: a beats b, +22.0 points, 95 % interval 18.6 to 25.4, 5 seeds [C1]"
    assert lines[3].startswith("COMPATIBLE: a has 70.0, ours 70.0")
    assert "C4" not in show(judged)
    assert lines[-1] == "UNTESTABLE here: 1 claim about CMU-MOSEI."
    assert max(map(len, show(judged, 80).splitlines())) <= 80


def test_verdicts_that_need_the_margin_tell_it(tmp_path):
    claim = greater("C", "a beats b", "b", "a", corpus="synthetic", metric="acc", margin=0.0015)
    (judged,) = judge(tmp_path, [claim], {"a": [6, 7, 6, 7, 6], "b": [6, 7, 6, 7, 6]})
    assert judged.verdict == "EQUIVALENT"
    assert tell_in_brief(judged) == ("+0.0 points, 95 % interval 0.0 to 0.0, 5 seeds, margin 0.15")


def test_terminal_tells_the_first_of_many_reasons(tmp_path):
    study, ledger = find_study("components"), Ledger(tmp_path)
    judged = judge_claims(study, [collect(study, {}, ledger)], TrialScores(ledger))
    first, *_ = show(judged, 1000).splitlines()
    assert first.startswith("4 claims UNTESTABLE here: '+ Transformer-based Fusion + ")
    assert first.count(" share 0 of at least 3 seeds; ") == 2
    assert first.endswith("; and 4 more.")


def test_terminal_says_in_a_line_that_nothing_is_testable(tmp_path):
    study, ledger = find_study("components"), Ledger(tmp_path)
    outcome = collect(study, {}, ledger, corpus="mine")
    judged = judge_claims(study, [outcome], TrialScores(ledger), asked_of=[])
    assert show(judged, 200) == (
        "UNTESTABLE here: 13 claims of papers about CMU-MOSEI and IEMOCAP, paper scale.\n"
    )


@pytest.fixture(scope="module")
def asked_here(tmp_path_factory) -> list[Judged]:
    """Judge `layers` on a user's corpus, where the third row is the best."""
    study, ledger = find_study("layers"), Ledger(tmp_path_factory.mktemp("storage"))
    wrong = dict(zip((row.name for row in study.rows), (8, 8, 1, 8, 7, 8), strict=True))
    keys = write_wrong(ledger, {row: [count, count + 1] * 3 for row, count in wrong.items()})
    return judge_claims(study, [collect(study, keys, ledger, corpus="mine")], TrialScores(ledger))


def test_terminal_gives_one_reason_why_questions_have_no_answer(tmp_path):
    study, ledger = find_study("components"), Ledger(tmp_path)
    keys = write_wrong(ledger, {row.name: [4, 5] for row in study.rows})
    outcome = collect(study, keys, ledger, corpus="mine")
    judged = judge_claims(study, [outcome], TrialScores(ledger))
    assert show(judged, 200).splitlines()[1:] == [
        "On mine, tiny scale (no paper claims it): 4 UNTESTABLE.",
        "UNTESTABLE, for instance: 'Early Fusion' and 'Text - ALBERT' share 2 of at least 3 seeds.",
    ]


def test_terminal_does_not_promise_what_no_seeds_decide(tmp_path):
    claims = [
        greater("C1", "a beats b", "a", "b", corpus="synthetic", metric="acc"),
        greater("C2", "b beats c", "b", "c", corpus="synthetic", metric="acc", margin=0.0),
    ]
    wrong = {"a": [6, 2, 6, 8, 4], "b": [6, 7, 6, 8, 6], "c": [7, 6, 7, 7, 6]}
    lines = show(judge(tmp_path, claims, wrong), 200).splitlines()
    assert lines[0] == (
        "Verdicts on 2 claims: 2 UNDECIDED; 1000 seeds would probably not decide all."
    )


def test_questions_are_no_claims(asked_here):
    assert summarise(asked_here) == (
        "5 claims: 5 UNTESTABLE. On mine, tiny scale (no paper claims it): 1 HOLDS, 1 REVERSED."
    )
    document = json.loads(to_json(asked_here))
    assert [claim["id"] for claim in document["claims"]] == ["L12a", "L12b", "L12c", "L12d", "L13"]
    assert document["counts"] == {"UNTESTABLE": 5}
    (asked,) = document["asked"]
    assert (asked["corpus"], asked["counts"]) == ("mine", {"HOLDS": 1, "REVERSED": 1})
    assert [one["asked_by"] for one in asked["questions"]] == [["L12a", "L12b"], ["L12c", "L12d"]]
    assert {c["corpus"] for one in asked["questions"] for c in one["comparisons"]} == {"mine"}


def test_every_form_says_of_which_corpus_something_is_asked(asked_here):
    question = "on mine: '2-2-2-2' beats all others in F1?"
    for form in FORMS.values():
        text = form(asked_here).replace("{-}", "-").replace("&#39;", "'")
        assert question in text
        assert "L12a here" in text
    for form in (to_markdown, to_latex, to_html):
        assert "nothing about a paper" in " ".join(form(asked_here).split())
    lines = csv.DictReader(io.StringIO(to_csv(asked_here)))
    assert [(line["asked_of"], line["asked_by"]) for line in lines][4:] == [
        *(("", ""), ("mine", "L12a L12b"), ("mine", "L12c L12d"))
    ]


def test_forms_without_questions_do_not_speak_of_them(judged):
    assert all("ask" not in form(judged) for form in FORMS.values())


def test_terminal_answers_questions_below_the_corpus(asked_here):
    lines = show(asked_here, 200).splitlines()
    assert lines[:2] == [
        "UNTESTABLE here: 5 claims of papers about IEMOCAP and CMU-MOSEI, paper scale.",
        "On mine, tiny scale (no paper claims it): 1 HOLDS, 1 REVERSED; beyond this split 2 "
        "UNDECIDED.",
    ]
    assert lines[2].startswith("'2-2-2-2' beats all others in F1? HOLDS, smallest of 5 gaps +")


def test_equal_records_give_equal_files(tmp_path):
    files = [
        write_verdicts(make_judged(tmp_path / name), "depth", tmp_path / f"{name}-files")
        for name in ("one", "other")
    ]
    assert {path.name for path in files[0].values()} == {
        f"depth-verdicts.{form}" for form in ("json", "csv", "md", "tex", "html")
    }
    for form in FORMS:
        assert files[0][form].read_bytes() == files[1][form].read_bytes()
