"""Tables that show plain numbers beside those that a paper printed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.ledger.ledger import Ledger
from reports.tables.blocks import OursBlock, Unit
from reports.tables.floors import mark_rows
from reports.tables.table import build_table, choose_unit
from reports.verdicts.printed_gap import printed_gap
from search_spaces.claim import Comparison, Score
from search_spaces.errors import StudyError
from search_spaces.printed.published import PublishedData
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.trial import TrialConfig
from tests.reports.factories import collect
from tests.reports.lint.factories import make_data, make_row, make_table
from tests.reports.scores.task_factory import write_errors

CELLS = (
    Column(metric="mae", header="MAE", published="MAE"),
    Column(metric="acc7", header="Acc-7", published="Acc-7"),
)
PLAIN: dict[str, Any] = {"plain": ["MAE"], "lower_is_better": ["MAE"]}


def printed(**fields: Any) -> PublishedData:
    rows = make_row("far", "1.4 30.25"), make_row("near", "0.5123 61.50")
    return make_data(main=make_table("MAE Acc-7", *rows, **fields))


def study_of(data: PublishedData) -> Study:
    return Study(
        name="numbers",
        title="Numbers",
        baseline={"tiny": {ANY_CORPUS: TrialConfig()}},
        columns={"calls": CELLS, ANY_CORPUS: CELLS},
        rows=(
            Row(name="far", change={"model.audio.depth": 1}, published="main/far"),
            Row(name="near", published="main/near"),
        ),
        published=data,
    )


def test_decimals_of_plain_numbers_are_those_that_are_printed() -> None:
    assert choose_unit(study_of(printed(**PLAIN))) == Unit("percent", 2, plain_decimals=4)


def test_difference_to_a_printed_plain_number_is_taken_as_it_stands(tmp_path: Path) -> None:
    study = study_of(printed(**PLAIN))
    keys = write_errors(tmp_path, {"far": [1.5, 1.5, 1.5], "near": [0.5, 0.5, 0.5]})
    outcome = collect(study, keys, Ledger(tmp_path), corpus="calls")
    (block,) = build_table(study, [outcome], "minus-published").blocks
    assert [row[0].value for row in block.shown] == ["+0.1000", "-0.0123"]


def test_printed_gap_is_a_gain() -> None:
    comparison = Comparison(row="near", rival="far", score=Score("calls", "mae"))
    gap = printed_gap(study_of(printed(**PLAIN)), comparison)
    assert gap == pytest.approx(1.4 - 0.5123)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"lower_is_better": ["MAE"]}, "metric 'mae' is no fraction; list 'MAE' under `plain`"),
        ({"plain": ["MAE"]}, "by metric 'mae' lower is better; list 'MAE' under `lower_is_better`"),
        (
            {"plain": ["MAE", "Acc-7"], "lower_is_better": ["MAE"]},
            "metric 'acc7' is a fraction; do not list 'Acc-7' under `plain` of Table 1",
        ),
    ],
)
def test_printed_table_that_says_otherwise_than_the_metric_is_a_fault(
    said: dict[str, Any], fault: str
) -> None:
    with pytest.raises(StudyError, match=fault):
        study_of(printed(**said)).configs("calls", "tiny")


def test_row_is_told_from_floors_by_lower_errors(tmp_path: Path) -> None:
    study = study_of(printed(**PLAIN))
    keys = write_errors(tmp_path, {"far": [1.5, 1.6, 1.7], "near": [0.5, 0.5, 0.6]})
    outcome = collect(study, keys, Ledger(tmp_path), corpus="calls")
    ours = build_table(study, [outcome], "ours").blocks[0]
    assert isinstance(ours, OursBlock)
    floors = ((1.55, None), (1.0, None))  # chance, linear
    far, near = mark_rows(replace(ours, floors=floors), "calls")
    assert far == ["not told from chance on calls in MAE", "above linear on calls in MAE"]
    assert near == []
