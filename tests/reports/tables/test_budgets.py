"""Rows whose settings were chosen by searches of different length: what their table says."""

from pathlib import Path

import pytest

from reports.forms.markdown import to_markdown
from reports.ledger.ledger import Ledger
from reports.tables.budgets import BRIEF_BUDGET_NOTE, BUDGET_NOTE
from reports.tables.table import build_table
from tests.reports.factories import collect, make_study, write_wrong

WRONG = {"a": [4, 5, 4], "b": [8, 7, 9]}


@pytest.mark.parametrize(
    ("budgets", "marks"),
    [((None, None), ("", "")), ((40, 40), ("", "")), ((None, 40), ("", "a")), ((20, 40), "ab")],
)
def test_rows_are_marked_where_budgets_differ(
    tmp_path: Path, budgets: tuple[int | None, ...], marks: tuple[str, ...]
) -> None:
    study, ledger = make_study(WRONG), Ledger(tmp_path)
    rows = [
        row.model_copy(update={"tuned_over": budget})
        for row, budget in zip(study.rows, budgets, strict=True)
    ]
    study = study.model_copy(update={"rows": tuple(rows)})
    table = build_table(study, [collect(study, write_wrong(ledger, WRONG), ledger)])
    assert table.marks == tuple(marks)
    assert (BUDGET_NOTE in table.notes) == (BRIEF_BUDGET_NOTE in table.brief.legend) == any(marks)
    if any(marks):
        told = "the settings were chosen among 40 candidates of a search"
        assert told in table.footnotes.values()
        assert told in to_markdown(table)
