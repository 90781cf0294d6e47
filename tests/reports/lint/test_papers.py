"""The findings on the two built-in papers: all of them, and nothing false."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from reports.lint.checks import Lint, lint
from reports.lint.claims import is_computable
from reports.lint.feasibility import IS_BALANCED, printed_pairs
from reports.lint.finding import Finding
from search_spaces.printed import published
from search_spaces.printed.published import load_published
from search_spaces.printed.read import read_published

DATA_FILE = Path(published.__file__).with_name("published.yaml")

OUT_OF_REACH = {
    # cells: (plain accuracy is possible, balanced accuracy is possible)
    "le_t3/lf_lstm/Happy = xia_t2_iemocap/lf_lstm/Happiness": (False, True),
    "le_t3/emoembs/Happy = xia_t2_iemocap/emoembs/Happiness": (False, True),
    "le_t3/emoembs/Excited = xia_t2_iemocap/emoembs/Excited": (False, True),
    "le_t3/emoembs/Angry = xia_t2_iemocap/emoembs/Anger": (False, False),
    "le_t3/mult/Angry = xia_t2_iemocap/mult/Anger": (False, True),
    "le_t3/mult/Excited = xia_t2_iemocap/mult/Excited": (False, True),
    "le_t3/mult/Sad = xia_t2_iemocap/mult/Sadness": (False, True),
    "xia_t2_iemocap/bimha/Sadness": (False, True),
    "le_t4/emoembs/Sad = xia_t2_mosei/emoembs/Sadness": (True, False),
    "xia_t2_mosei/bimha/Sadness": (True, False),
    "xia_t2_mosei/cmha/Anger": (True, False),
    "xia_t2_mosei/full/Sadness": (True, False),
    "xia_t2_mosei/full/Anger": (True, False),
    "xia_t2_mosei/full_wo_text/Sadness": (True, False),
    "xia_t2_mosei/full_wo_text/Anger": (True, False),
}

EXPECTED = {
    # check, where: the entries of `inconsistencies` that it computes, and numbers in the text
    ("bold", "le_t6/d2222"): ("I01", {"60.89", "61.88"}),
    ("bold", "le_t6/d4444"): ("I02", {"47.60", "47.86"}),
    ("ties", "le_t3/fe2e/Neutral.F1"): ("I03", {"56.6"}),
    ("bold", "le_t5/fusion"): (
        "I04",
        {"85.02", "85.92", "58.58", "60.89", "66.35", "67.81", "46.39", "47.60"},
    ),
    ("claims", "claim L07"): ("I05", {"45.49", "45.77"}),
    ("baselines", "le_t5/fusion"): ("I05", {"46.39", "47.0", "85.02", "85.7"}),
    ("averages", "le_t4/mult/Avg.WAcc"): ("I06", {"65.33", "65.4"}),
    ("averages", "le_t3/emoembs/Avg.F1"): ("I06", {"49.87", "49.8"}),
    ("repeated", "le_t3/fe2e vs xia_t2_iemocap/fe2e"): (
        "I07",
        {"85.7", "84.53", "57.1", "58.75", "0.2", "1.37", "3.8", "2.15"},
    ),
    ("repeated", "le_t4/fe2e vs xia_t2_mosei/fe2e"): (
        "I07",
        {"65.8", "67.63", "47.0", "47.37", "2.0", "0.17", "0.6", "0.23"},
    ),
    # sentences that the cells contradict too, without an entry of their own
    ("claims", "claim L06c"): ("", {"90.5", "91.7"}),
    ("claims", "claim L06d"): ("", {"57.0", "57.2"}),
    ("claims", "claim L12b"): ("", {"60.89", "61.88"}),
    ("claims", "claim L12d"): ("", {"47.60", "47.86"}),
}


@cache
def linted() -> Lint:
    return lint(load_published())


def findings() -> dict[tuple[str, str], Finding]:
    return {(finding.check, finding.where): finding for finding in linted().findings}


def test_the_findings_are_these_and_no_other() -> None:
    feasibility = {("feasibility", where) for where in OUT_OF_REACH}
    assert len(linted().findings) == len(findings())
    assert findings().keys() == EXPECTED.keys() | feasibility


@pytest.mark.parametrize("key", EXPECTED, ids=" ".join)
def test_finding_names_the_numbers(key: tuple[str, str]) -> None:
    _, numbers = EXPECTED[key]
    assert numbers == set(re.findall(r"\b\d+\.\d+\b", findings()[key].text))


def test_pairs_out_of_reach_are_these_by_their_column_s_accuracy() -> None:
    found = {
        " = ".join(pair.cells): (
            pair.is_reachable(balanced=False),
            pair.is_reachable(balanced=True),
        )
        for pair in printed_pairs(load_published())
        if not pair.is_reachable(balanced=IS_BALANCED[pair.metric])
    }
    assert found == OUT_OF_REACH


def test_every_class_of_both_test_splits_is_searched() -> None:
    pairs = printed_pairs(load_published())
    # 9 rows of Le, 10 of Xia, 4 of them the same numbers, six emotions, two corpora
    assert len(pairs) == (9 + 10 - 4) * 6 * 2
    sizes = {pair.support.positives + pair.support.negatives for pair in pairs}
    assert sizes == {1_481, 4_188}


def test_claims_are_judged_as_the_data_file_says() -> None:
    stated = {
        claim["id"]: claim["holds_in_printed_cells"]
        for claim in yaml.safe_load(DATA_FILE.read_text(encoding="utf-8"))["claims"]
    }
    contradicted = {where for check, where in findings() if check == "claims"}
    judged = {
        claim.id: f"claim {claim.id}" not in contradicted if is_computable(claim) else None
        for claim in load_published().claims
    }
    assert judged == stated


def test_entries_without_a_check_are_notes_and_the_others_are_found() -> None:
    entries = {entry.id: entry for entry in load_published().inconsistencies}
    notes = [note.id for note in linted().notes]
    assert notes == [f"I{number:02}" for number in range(8, 19)]
    computed = {(entry.id, entry.check) for entry in entries.values() if entry.check}
    found = {(entry, check) for (check, _), (entry, _) in EXPECTED.items() if entry}
    assert computed <= found
    assert entries.keys() == {*notes, *(entry for entry, _ in found)}


def test_data_file_has_no_fault_and_is_in_the_form_of_a_user_s() -> None:
    own = read_published(DATA_FILE)
    assert own.model_copy(update={"file": ""}) == load_published()
