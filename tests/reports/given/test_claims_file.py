from pathlib import Path

import pytest

from reports.given.errors import GivenError
from search_spaces.errors import PublishedError
from tests.reports.given.factories import BASE, FAR, NEAR, assess_lines, long_lines, verdicts

ROWS = long_lines({"base": BASE, "far": FAR, "near": NEAR})
CLAIMS = """
claims:
- {id: C1, text: far is better, kind: better, row: far, rivals: [base, near], metric: F1}
- {id: C2, row: far}
- {id: C3, kind: same, row: near, rivals: base, margin: 1}
- {id: C4, kind: greater, row: base, rivals: [far], margin: 0.5}
"""


def test_claims_get_the_verdicts_of_own_trials(tmp_path: Path) -> None:
    found = assess_lines(tmp_path, ROWS, CLAIMS)
    assert verdicts(found) == {"C1": "HOLDS", "C2": "HOLDS", "C3": "EQUIVALENT", "C4": "REVERSED"}
    assert [one.claim.id for one in found.failed] == ["C4"]
    assert [one.beyond for one in found.judged] == [None] * 4


def test_file_says_what_metrics_are(tmp_path: Path) -> None:
    rows = long_lines({"a": (300, 310, 305), "b": (500, 510, 495)}, metric="ppl")
    claims = "metrics: {PPL: {better: lower, unit: plain}}\nclaims: [{id: C, row: a, margin: 5}]"
    found = assess_lines(tmp_path, rows, claims)
    assert verdicts(found) == {"C": "HOLDS"}
    assert found.judged[0].claim.margin == 5


def test_claim_has_defaults(tmp_path: Path) -> None:
    second = assess_lines(tmp_path, ROWS, CLAIMS).judged[1].claim
    assert second.text == "'far' beats all others in f1"
    assert [one.rival for one in second.comparisons] == ["base", "near"]
    assert second.margin == 0.005


def test_margin_is_in_the_unit_of_the_file(tmp_path: Path) -> None:
    margins = [one.claim.margin for one in assess_lines(tmp_path, ROWS, CLAIMS).judged]
    assert margins == [0.005, 0.005, 0.01, 0.005]


def test_claim_without_a_corpus_needs_all_of_them(tmp_path: Path) -> None:
    both = [
        *long_lines({"base": BASE, "far": FAR}, corpus="one"),
        *long_lines({"base": FAR, "far": BASE}, corpus="two")[1:],
    ]
    claims = "claims: [{id: both, row: far, rivals: base}, {id: one, row: far, corpus: ONE}]"
    assert verdicts(assess_lines(tmp_path, both, claims)) == {"both": "REVERSED", "one": "HOLDS"}


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (
            "{id: C, row: fat}",
            r"line 2: claim 'C': no row 'fat' in .*results.csv; did you mean 'far'",
        ),
        ("{id: C, row: far, rivals: [bse]}", "line 2: claim 'C': no row 'bse'.*mean 'base'"),
        ("{id: C, row: far, rivals: far}", "line 2: claim 'C': row 'far' is its own rival"),
        ("{id: C, row: far, metric: acc}", "line 2: claim 'C': no metric 'acc'.*choose from f1"),
        ("{id: C, row: far, corpus: x}", "line 2: claim 'C': no corpus 'x' in the results"),
        ("{id: C, row: far, emotion: sad}", "line 2: claim 'C': no emotion 'sad' in the results"),
        ("{id: C, row: far, margin: two}", "line 2: claim 'C': margin 'two' is no number"),
        ("{id: C, row: far, margin: 100}", "line 2: claim 'C': margin 100 is 100 points or more"),
        ("{id: C, row: far, margin: nan}", "line 2: claim 'C': margin nan must be 0 or more"),
        ("{id: C, row: far, kind: same, margin: 0}", "line 2: claim 'C': margin 0 must be above 0"),
        ("{id: C, row: far, kind: best}", r"line 2: claims/0/kind: .*not 'best'"),
        ("{id: C, row: far, rival: base}", r"line 2: claims/0/rival: Extra inputs"),
        ("{id: C}", r"line 2: claims/0/row: Field required"),
        ("{id: C, row: far}\n- {id: C, row: far}", "line 2: claim 'C': stands there twice"),
    ],
)
def test_wrong_claim_is_refused_with_its_line(tmp_path: Path, entry: str, fault: str) -> None:
    with pytest.raises(GivenError, match=rf"(?s)claims.yaml:\n  {fault}"):
        assess_lines(tmp_path, ROWS, f"claims:\n- {entry}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("unit: points\nclaims: [{id: C, row: far}]", "line 1: unit: 'points'; choose from"),
        ("claim: []", "line 1: claim: no such key; did you mean 'claims'"),
        ("claims: []", "line 1: claims: must be a list of at least one claim"),
        (
            "metrics: {f1: down}\nclaims: [{id: C, row: far}]",
            "line 1: metrics/f1: better 'down'; c",
        ),
        (
            "metrics: {f1: {unit: m}}\nclaims: [{id: C, row: far}]",
            "line 1: metrics/f1: unit 'm'; c",
        ),
        (
            "metrics: {f1: {is: m}}\nclaims: [{id: C, row: far}]",
            "metrics/f1: no such key: is; choos",
        ),
        ("metrics: [f1]\nclaims: [{id: C, row: far}]", "line 1: metrics: must be a mapping"),
        ("schema: 9\nclaims: [{id: C, row: far}]", "line 1: schema: '9'; choose 1"),
    ],
)
def test_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(GivenError, match=fault):
        assess_lines(tmp_path, ROWS, text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [("- a", "no mapping; it must have the key claims"), ("a: [", "while parsing"),
     ("unit: percent\nunit: fraction", "twice the key unit")],
)  # fmt: skip
def test_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(PublishedError, match=fault):
        assess_lines(tmp_path, ROWS, text)


def test_greater_is_refused_where_lower_is_better(tmp_path: Path) -> None:
    rows = long_lines({"a": (3, 2, 4), "b": (5, 5, 6)}, metric="mae")
    with pytest.raises(GivenError, match=r"of mae lower is better.*write kind: better"):
        assess_lines(tmp_path, rows, "claims: [{id: C, kind: greater, row: a}]")


def test_same_of_a_plain_number_needs_a_margin(tmp_path: Path) -> None:
    rows = long_lines({"a": (3, 2, 4), "b": (5, 5, 6)}, metric="mae")
    with pytest.raises(GivenError, match="give a margin above 0, in the unit of mae"):
        assess_lines(tmp_path, rows, "claims: [{id: C, kind: same, row: a}]")


def test_claim_names_its_metric_where_there_are_several(tmp_path: Path) -> None:
    lines = ["row,seed,f1,acc", "a,0,70,80", "b,0,70,80"]
    with pytest.raises(GivenError, match="claim 'C': names no metric; choose from f1, acc"):
        assess_lines(tmp_path, lines, "claims: [{id: C, row: a}]")
