"""Printed tables with metrics of which lower is better, and with plain ones."""

from typing import Any

import pytest

from reports.lint.baselines import check_baselines
from reports.lint.bold import check_bold
from reports.lint.claims import check_claims
from reports.lint.ties import check_ties
from search_spaces.printed.faults import claim_faults, table_faults
from search_spaces.printed.numbers import printed_scores
from search_spaces.printed.published import PublishedData, PublishedTable
from tests.reports.lint.factories import make_claim, make_data, make_row, make_table

COLUMNS = "MAE Corr Acc-2"
SAID: dict[str, Any] = {"plain": ["MAE", "Corr"], "lower_is_better": ["MAE"]}


def table(*rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return make_table(COLUMNS, *rows, **SAID | fields)


ROWS = (
    make_row("old", "0.871 0.698 80.1", mark="reproduced"),
    make_row("new", "0.713 0.798 84.2", bold=(0, 1, 2)),
)


def found(examined: Any) -> list[str]:
    return [one.text for one in examined if one is not None]


def test_plain_numbers_are_read_as_they_stand_and_percents_as_fractions() -> None:
    scores = {s.reference: s for s in printed_scores(make_data(main=table(*ROWS)))}
    assert float(scores["main/new/MAE"].number.value) == 0.713
    assert float(scores["main/new/Acc-2"].number.value) == 0.842
    assert scores["main/new/MAE"].gain > scores["main/old/MAE"].gain


def test_bold_minimum_is_right_and_a_bold_maximum_is_wrong() -> None:
    assert found(check_bold(make_data(main=table(*ROWS)))) == []
    wrong = (make_row("old", "0.871 0.698 80.1", bold=(0,)), ROWS[1])
    (text,) = found(check_bold(make_data(main=table(*wrong))))
    assert text == "MAE: 0.871 is bold, but new has 0.713"


def test_tie_with_a_bold_minimum_is_found() -> None:
    tied = make_row("tied", "0.713 0.600 70.0")
    (text,) = found(check_ties(make_data(main=table(*ROWS, tied))))
    assert text.startswith("0.713 ties with the bold one of new")


@pytest.mark.parametrize(
    ("kind", "cells", "published", "fault"),
    [
        ("better", "main/new/MAE main/old/MAE", "", ""),
        ("better", "main/old/MAE main/new/MAE", "", "0.871 is not below main/new/MAE 0.713"),
        ("better", "main/new/Corr main/old/Corr", "", ""),
        ("delta", "main/new/MAE main/old/MAE", "0.158", ""),
        ("delta", "main/new/MAE main/old/MAE", "0.25", "0.871 - 0.713 = 0.158, not 0.25"),
        ("delta", "main/old/MAE main/new/MAE", "", "is not below"),
        ("argmax", "main/new/MAE", "", ""),
        ("argmax", "main/old/MAE", "", "main/old/MAE 0.871 is above main/new/MAE 0.713"),
    ],
)
def test_claim_is_checked_the_right_way_round(
    kind: str, cells: str, published: str, fault: str
) -> None:
    claim = make_claim(kind, cells, published=published)
    data = make_data(claims=[claim], main=table(*ROWS))
    assert claim_faults(data) == []
    texts = found(check_claims(data))
    assert texts == [] if not fault else fault in texts[0]


def test_count_counts_the_lowest_errors() -> None:
    claim = make_claim("count", "", rows=["main/new"])
    assert found(check_claims(make_data(claims=[claim], main=table(*ROWS)))) == []


@pytest.mark.parametrize("kind", ["greater", "greater_than_all"])
def test_claim_that_calls_an_error_greater_contradicts_its_table(kind: str) -> None:
    cells = "main/new/MAE main/old/MAE" if kind == "greater" else "main/new/MAE"
    data = make_data(claims=[make_claim(kind, cells)], main=table(*ROWS))
    (fault,) = claim_faults(data)
    assert f"kind '{kind}' says that 'main/new/MAE' is higher, but lower is better there" in fault
    assert "choose 'better'" in fault


def test_row_with_a_gain_and_a_higher_error_than_a_baseline_is_found() -> None:
    gain = make_row("gain", "0.900 0.798 84.2", printed_gain=("-", "-", "-"))
    (text,) = found(check_baselines(make_data(main=table(ROWS[0], gain))))
    assert text == ("calls MAE 0.900 is above 0.871 of main/old, trained again by the same paper")


def faults_of(**fields: Any) -> list[str]:
    return table_faults("main", PublishedTable.model_validate(table(*ROWS, **fields)))


def test_name_of_no_column_is_a_fault() -> None:
    (fault,) = faults_of(lower_is_better=["RMSE"])
    assert "lower_is_better: no column is of the metric 'RMSE'; choose from Acc-2, Corr" in fault


def test_plain_number_has_no_range_and_others_have() -> None:
    assert faults_of() == []
    below = make_row("below", "4.100 -0.100 50.0")
    assert table_faults("main", PublishedTable.model_validate(table(below))) == []
    data: PublishedData = make_data(main=table(below))
    assert float(printed_scores(data)[1].number.value) == -0.1
    (fault,) = table_faults(
        "main", PublishedTable.model_validate(table(make_row("far", "1.0 0.5 101.0")))
    )
    assert "Acc-2 101.0 is outside 0 to 100" in fault
