from typing import Any

import pytest

from reports.lint.claims import CLAIMS
from tests.reports.lint.factories import make_claim, make_data, make_row, make_table

TABLE = make_table(
    "Sad.F1 Happy.F1 Avg.Acc",
    make_row("best", "50.0 62.0 80.0"),
    make_row("ours", "51.0 61.0 80.0", mark="proposed"),
    make_row("ours2", "52.0 70.0 90.0", mark="proposed"),
    make_row("hole", "99.0 - 10.0"),
)


def faults(kind: str, cells: str, **fields: Any) -> str | None:
    """Judge one claim; returns what is wrong with it."""
    data = make_data(t=TABLE, claims=[make_claim(kind, cells, **fields)])
    (finding,) = CLAIMS.examine(data)
    if finding is None:
        return None
    assert finding.where == "claim C1"
    return finding.text.removeprefix("it is so: ")


def test_greater_needs_every_pair_and_no_tie() -> None:
    holds = "t/ours/Sad.F1 t/best/Sad.F1"
    assert faults("greater", holds) is None
    assert faults("greater", f"{holds} t/ours/Avg.Acc t/best/Avg.Acc") == (
        "t/ours/Avg.Acc 80.0 is not above t/best/Avg.Acc 80.0"
    )


def test_delta_is_the_stated_one() -> None:
    cells = "t/ours/Sad.F1 t/best/Sad.F1"
    assert faults("delta", cells, published="1.0") is None
    assert faults("delta", cells, published="1.1") == ("t/ours/Sad.F1: 51.0 - 50.0 = 1.0, not 1.1")


def test_delta_without_a_stated_gap_is_positive() -> None:
    assert faults("delta", "t/ours/Sad.F1 t/best/Sad.F1") is None
    assert "is not above" in str(faults("delta", "t/best/Sad.F1 t/ours/Sad.F1"))


def test_best_may_be_shared() -> None:
    assert faults("argmax", "t/ours2/Avg.Acc") is None
    assert faults("argmax", "t/ours/Avg.Acc") == (
        "t/ours/Avg.Acc 80.0 is below t/ours2/Avg.Acc 90.0"
    )
    assert faults("argmax", "t/hole/Sad.F1") is None


def test_mean_over_emotions_is_above_that_of_complete_rows_of_others() -> None:
    # 56.0 each, so not above; the second row of ours and the row with a hole are no rivals
    assert faults("greater_than_all", "t/ours/*.F1") == (
        "t/ours/*.F1 56.00 is not above t/best 56.00"
    )
    assert faults("greater_than_all", "t/ours2/*.F1") is None


@pytest.mark.parametrize(("stated", "is_right"), [("50", True), ("50.0", True), ("50.1", False)])
def test_value_is_compared_to_the_coarser_digit(stated: str, is_right: bool) -> None:
    assert (faults("value", "t/best/Sad.F1", published=stated) is None) == is_right


def test_row_is_best_in_most_cells() -> None:
    # `ours` beats or meets the others in Avg.Acc only: `best` has 62.0, `hole` 99.0
    assert faults("count", "", rows=["t/ours"]) == "best in 1 of 3 cells"
    assert faults("count", "", rows=["t/ours2"]) is None


def test_other_kinds_are_left_alone() -> None:
    data = make_data(t=TABLE, claims=[make_claim("qualitative", "t/ours/Sad.F1")])
    assert list(CLAIMS.examine(data)) == []
