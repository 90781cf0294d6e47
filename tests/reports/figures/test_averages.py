from dataclasses import astuple

import pytest

from reports.figures.averages import (
    DERIVED_NOTE,
    PrintedScore,
    collect_averages,
    find_interval,
    find_printed_average,
    tell_printed,
)
from reports.ledger.ledger import Ledger
from search_spaces.studies.le2023 import LAYERS, MAIN
from search_spaces.studies.xia2022 import SOTA
from tests.reports.factories import collect, make_study, write_rows


def printed_averages(study, row, corpus):
    rows = {row.name: row for row in study.rows}
    columns = [column for column in study.columns_for(corpus) if column.emotion is None]
    return [find_printed_average(study, rows[row], corpus, column) for column in columns]


def test_printed_average_is_a_fraction() -> None:
    assert [astuple(one) for one in printed_averages(LAYERS, "1-1-1-1", "iemocap")] == [
        (pytest.approx(0.8379), False),
        (pytest.approx(0.5858), False),
    ]


def test_average_that_is_printed_is_not_derived() -> None:
    assert not any(one.is_derived for one in printed_averages(MAIN, "Ours", "mosei"))


def test_average_is_derived_from_the_cells_of_all_emotions() -> None:
    accuracies = [0.672, 0.712, 0.782, 0.793, 0.682, 0.665]  # as Xia et al. print them, Table 2
    f1s = [0.376, 0.494, 0.540, 0.572, 0.515, 0.470]
    assert [astuple(one) for one in printed_averages(SOTA, "LF-LSTM", "iemocap")] == [
        (pytest.approx(sum(accuracies) / 6), True),
        (pytest.approx(sum(f1s) / 6), True),
    ]


def test_corpus_that_the_paper_has_not_has_no_printed_average() -> None:
    assert printed_averages(LAYERS, "1-1-1-1", "synthetic") == [None, None, None]


def test_only_metrics_with_scores_and_rows_in_order(tmp_path) -> None:
    ledger, study = Ledger(tmp_path), make_study()
    keys = write_rows(ledger, study, [4, 2, 0], num_seeds=2)
    averages = collect_averages(study, collect(study, keys, ledger))
    assert [average.header for average in averages] == ["WAcc", "F1"]
    assert [cell.row for cell in averages[0].cells] == ["1-1-1-1", "2-2-2-2", "ours"]
    nothing = collect(study, keys, Ledger(tmp_path / "empty"))
    assert collect_averages(study, nothing) == []


@pytest.mark.parametrize(("num_seeds", "has_interval"), [(1, False), (2, False), (3, True)])
def test_interval_needs_three_seeds(tmp_path, num_seeds, has_interval) -> None:
    ledger, study = Ledger(tmp_path), make_study(["a"])
    keys = write_rows(ledger, study, [4], num_seeds)
    cell = collect(study, keys, ledger).cells[0][0]
    assert find_interval(cell) == (cell.interval if has_interval else None)
    assert (cell.interval is not None) == (num_seeds > 1)


def test_derived_values_are_told() -> None:
    printed, derived = PrintedScore(0.5, is_derived=False), PrintedScore(0.5, is_derived=True)
    assert tell_printed([None, None], "Stars") == ""
    assert tell_printed([printed, None], "Stars").startswith("Stars: the published value")
    assert DERIVED_NOTE not in tell_printed([printed], "Stars")
    assert tell_printed([printed, derived], "Stars").endswith(DERIVED_NOTE)
