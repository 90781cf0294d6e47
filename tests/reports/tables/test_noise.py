"""A baseline row with a control: seeds that no other row has."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reports.forms.markdown import to_markdown
from reports.ledger.ledger import Ledger
from reports.scores.cells import Outcome
from reports.tables.noise import measure_noise
from reports.tables.table import Table, build_table
from search_spaces.study import Study
from tests.reports.factories import collect, make_study, write_wrong

WRONG = {"1-1-1-1": [6, 7, 6], "2-2-2-2": [5, 7, 6, 5, 8, 9], "ours": [4, 4, 5]}
STUDY = make_study(WRONG, compared_with="2-2-2-2")
OWN, CONTROL = np.array([0.75, 0.65, 0.70]), np.array([0.75, 0.60, 0.55])
"""The accuracies of the baseline row: 1 - wrong / 20."""


def outcome_of(storage: Path, wrong: dict[str, list[int]], study: Study = STUDY) -> Outcome:
    ledger = Ledger(storage)
    return collect(study, write_wrong(ledger, wrong), ledger, corpus="iemocap", scale="tiny")


def table_of(storage: Path, wrong: dict[str, list[int]]) -> Table:
    return build_table(STUDY, [outcome_of(storage, wrong)])


def test_control_is_compared_with_the_seeds_that_other_rows_have(tmp_path: Path) -> None:
    noise = measure_noise(STUDY, outcome_of(tmp_path, WRONG))[0]
    expected = stats.ttest_ind(OWN, CONTROL)
    low, high = expected.confidence_interval(0.95)
    assert noise.gap.mean == pytest.approx(OWN.mean() - CONTROL.mean())
    assert noise.floor == pytest.approx((high - low) / 2)
    assert noise.spread**2 == pytest.approx((OWN.var(ddof=1) + CONTROL.var(ddof=1)) / 2)


def test_gap_and_spread_stand_under_the_table(tmp_path: Path) -> None:
    table = table_of(tmp_path, WRONG)
    note = next(note for note in table.notes if note.startswith("Noise floor"))
    assert note.startswith(
        "Noise floor on IEMOCAP at the tiny scale: '2-2-2-2' on 3 seeds minus itself on 3 others: "
        "Acc +6.67 (spread 8.16, floor 18.51), F1 "
    )
    assert note.endswith("Gaps of equal rows lie below the floor in 95 % of cases.")
    assert note in to_markdown(table).replace("\\", "")


def test_printed_gap_below_the_floor_is_marked(tmp_path: Path) -> None:
    table = table_of(tmp_path, WRONG)
    letters = {row.name: mark for row, mark in zip(table.rows, table.marks, strict=True)}
    assert [bool(letters[name]) for name in WRONG] == [True, False, False]
    assert table.footnotes[letters["1-1-1-1"]] == (
        "the printed gap to '2-2-2-2' is below the noise floor on IEMOCAP at the tiny scale in "
        "Acc, F1"
    )


def test_printed_gap_above_the_floor_is_not_marked(tmp_path: Path) -> None:
    """All six seeds of the baseline row have one accuracy, whose floor is 0; F1 differs."""
    table = table_of(tmp_path, {**WRONG, "2-2-2-2": [5] * 6})
    (footnote,) = table.footnotes.values()
    assert footnote.endswith("below the noise floor on IEMOCAP at the tiny scale in F1")


def test_rows_of_equal_seeds_have_no_control(tmp_path: Path) -> None:
    wrong = {**WRONG, "2-2-2-2": [5, 6, 5]}
    assert measure_noise(STUDY, outcome_of(tmp_path, wrong)) == []


def test_adaptive_seeds_have_no_control(tmp_path: Path) -> None:
    outcome = replace(outcome_of(tmp_path, WRONG), looks=(3, 6))
    assert measure_noise(STUDY, outcome) == []


def test_one_seed_of_a_control_is_too_few(tmp_path: Path) -> None:
    wrong = {**WRONG, "2-2-2-2": [5, 6, 5, 5]}
    assert measure_noise(STUDY, outcome_of(tmp_path, wrong)) == []
