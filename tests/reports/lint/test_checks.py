"""Each check on tables of invented numbers."""

from typing import Any

import pytest

from reports.lint.averages import AVERAGES
from reports.lint.baselines import BASELINES
from reports.lint.bold import BOLD
from reports.lint.checks import CHECKS, lint
from reports.lint.feasibility import FEASIBILITY
from reports.lint.finding import Check
from reports.lint.gains import GAINS
from reports.lint.repeated import REPEATED
from reports.lint.ties import TIES
from search_spaces.printed.published import PublishedData
from tests.reports.lint.factories import make_claim, make_data, make_row, make_table


def found(check: Check, data: PublishedData) -> list[tuple[str, str]]:
    findings = [finding for finding in check.examine(data) if finding]
    assert {finding.check for finding in findings} <= {check.name}
    return [(finding.where, finding.text) for finding in findings]


def test_bold_below_the_maximum_is_one_finding_a_row() -> None:
    best = make_row("best", "82.0 62.0 70.0", bold=[0, 1])
    lower = make_row("lower", "81.0 61.0 71.0", bold=[0, 1, 2])
    data = make_data(t=make_table("Sad.Acc Sad.F1 Avg.F1", best, lower))
    assert found(BOLD, data) == [
        (
            "t/lower",
            "Sad.Acc: 81.0 is bold, but best has 82.0; Sad.F1: 61.0 is bold, but best has 62.0",
        )
    ]


def test_numbers_of_other_precision_are_compared_by_value() -> None:
    rows = (make_row("a", "82.0", bold=[0]), make_row("b", "9.5"), make_row("c", "82"))
    data = make_data(t=make_table("Sad.F1", *rows))
    assert found(BOLD, data) == []
    assert found(TIES, data) == [("t/c/Sad.F1", "82 ties with the bold one of a, and is not bold")]


def test_tie_without_any_bold_is_none() -> None:
    data = make_data(t=make_table("Sad.F1", make_row("a", "82.0"), make_row("b", "82.0")))
    assert list(TIES.examine(data)) == []


@pytest.mark.parametrize("average", ["60.2", "60.3"])
def test_average_may_be_rounded_either_way_half_way(average: str) -> None:
    table = make_table("Sad.F1 Happy.F1 Avg.F1", make_row("a", f"60.2 60.3 {average}"))
    assert list(AVERAGES.examine(make_data(t=table))) == [None]


@pytest.mark.parametrize(("average", "verb"), [("60.1", "can"), ("60.4", "cannot")])
def test_average_says_whether_rounding_of_the_cells_explains_it(average: str, verb: str) -> None:
    # before rounding the mean was between 60.1167 and 60.2167
    table = make_table("A.F1 B.F1 C.F1 Avg.F1", make_row("a", f"60.1 60.2 60.2 {average}"))
    ((where, text),) = found(AVERAGES, make_data(t=table))
    assert where == "t/a/Avg.F1"
    assert text == (
        f"printed {average}, but the mean of the 3 F1 cells is 60.17; "
        f"rounding of the cells {verb} explain it"
    )


def test_average_of_a_line_that_lacks_a_value_is_not_examined() -> None:
    table = make_table("Sad.F1 Happy.F1 Avg.F1", make_row("a", "60.2 - 70.0"))
    assert list(AVERAGES.examine(make_data(t=table))) == []


def test_gain_is_the_difference_to_the_line_before() -> None:
    first = make_row("first", "50.0 60.0 70.0")
    second = make_row("second", "51.2 61.5 72.0", printed_gain=["+1.2", "1.6", "-"])
    data = make_data(t=make_table("A.F1 B.F1 C.F1", first, second))
    assert found(GAINS, data) == [
        ("t/second/B.F1", "printed gain: 61.5 - 60.0 = 1.5, not 1.6"),
    ]
    assert len(list(GAINS.examine(data))) == 2


def test_gain_of_fewer_digits_is_compared_to_these() -> None:
    second = make_row("second", "51.24", printed_gain=["1.2"])
    data = make_data(t=make_table("A.F1", make_row("first", "50.00"), second))
    assert list(GAINS.examine(data)) == [None]


def baseline_tables(value: str, mark: str = "reproduced", **fields: Any) -> PublishedData:
    """Print a step with a gain, 60.00, and elsewhere a baseline of another value."""
    step = make_row("step", "60.00", printed_gain=["5.00"])
    parts = make_table("calls.F1", make_row("before", "55.00"), step, dataset="")
    main = make_table("Avg.F1", make_row("base", value, mark=mark), **fields)
    return make_data(parts=parts, main=main)


@pytest.mark.parametrize(
    ("value", "unit", "shown"), [("60.1", "percent", "60.1"), ("0.601", "fraction", "60.1")]
)
def test_step_below_a_baseline_is_found(value: str, unit: str, shown: str) -> None:
    assert found(BASELINES, baseline_tables(value, unit=unit)) == [
        (
            "parts/step",
            f"calls F1 60.00 is below {shown} of main/base, trained again by the same paper",
        )
    ]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(baseline_tables("60.0"), id="rounding may hide it"),
        pytest.param(baseline_tables("70.0", mark="excerpted"), id="quoted"),
        pytest.param(baseline_tables("70.0", paper="theirs"), id="another paper"),
        pytest.param(baseline_tables("70.0", dataset="talks"), id="another corpus"),
    ],
)
def test_step_is_only_compared_with_what_is_comparable(data: PublishedData) -> None:
    assert found(BASELINES, data) == []


def repeated_tables(mine: str, theirs: str, theirs_unit: str) -> PublishedData:
    system = {"config": {"system": "x"}}
    one = make_table("Sad.F1 Happy.F1", make_row("x", mine, **system))
    other = make_table(
        "Sadness.F1 Happy.F1", make_row("x2", theirs, **system), unit=theirs_unit, paper="theirs"
    )
    ours = make_table("Avg.F1", make_row("ours", "70.0"), make_row("x", "60.0", **system))
    claim = make_claim("delta", "ours/ours/Avg.F1 ours/x/Avg.F1", published="10.0")
    names = {"Sadness": "Sad"}
    return make_data(one=one, other=other, ours=ours, names=names, claims=[claim])


def test_system_of_other_numbers_in_another_table_is_found() -> None:
    data = repeated_tables("55.0 65.0", "0.550 0.610", "fraction")
    findings = dict(found(REPEATED, data))
    assert findings["one/x vs other/x2"] == "calls F1 60.00 and 58.00; 1 of 2 cells differ"
    assert findings["other/x2 vs ours/x"] == (
        "calls F1 0.5800 and 0.600; C1 states a gain of 10.0, over the other row it is 12.00"
    )
    assert len(findings) == 2


def test_system_of_equal_numbers_in_other_units_is_not_found() -> None:
    data = repeated_tables("55.0 65.0", "0.55 0.65", "fraction")
    assert list(REPEATED.examine(data)) == [None, None, None]


def support_tables(cells: str, **fields: Any) -> PublishedData:
    sizes = make_table("Sad all", make_row("test", "30 200"), unit="count")
    scores = make_table(cells.partition("|")[0], make_row("a", cells.partition("|")[2]), **fields)
    supports = {"calls": {"positives": "sizes/test", "utterances": "sizes/test/all"}}
    return make_data(sizes=sizes, scores=scores, supports=supports)


def test_pair_of_a_classifier_is_possible_as_the_column_says() -> None:
    # TP 20, FP 14: accuracy 176/200 = .88, F1 40/64 = .625, recalls 2/3 and 156/170: mean .792
    assert list(FEASIBILITY.examine(support_tables("Sad.Acc Sad.F1|88.0 62.5"))) == [None]
    assert list(FEASIBILITY.examine(support_tables("Sad.WAcc Sad.F1|79.2 62.5"))) == [None]


def test_pair_of_the_other_accuracy_is_found_and_said() -> None:
    ((where, text),) = found(FEASIBILITY, support_tables("Sad.Acc Sad.F1|79.2 62.5"))
    assert where == "scores/a/Sad"
    assert text == (
        "no (TP, FP) gives Acc 79.2 with F1 62.5 for 30 positives of 200; "
        "balanced accuracy: possible"
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(support_tables("Sad.Acc Sad.Recall|79.2 62.5"), id="no F1"),
        pytest.param(support_tables("Avg.Acc Avg.F1|79.2 62.5"), id="average"),
        pytest.param(support_tables("Fear.Acc Fear.F1|79.2 62.5"), id="uncounted emotion"),
        pytest.param(support_tables("Sad.Acc Sad.F1|79.2 62.5", dataset="talks"), id="corpus"),
    ],
)
def test_pair_without_a_support_is_not_examined(data: PublishedData) -> None:
    assert list(FEASIBILITY.examine(data)) == []


def test_checks_are_told_apart_by_name() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_tables_in_order_have_no_finding() -> None:
    table = make_table("Sad.F1", make_row("a", "82.0"), make_row("b", "83.0", bold=[0]))
    result = lint(make_data(t=table))
    assert result.findings == ()
    assert {one.check.name: one.num_examined for one in result.checked if one.num_examined} == {
        "bold": 1,
        "ties": 1,
    }
