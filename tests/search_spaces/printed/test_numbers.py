from fractions import Fraction

import pytest

from search_spaces.printed.numbers import (
    Quantity,
    averages_of,
    mean_of,
    printed_scores,
    read_number,
)
from tests.reports.lint.factories import make_data, make_row, make_table


def test_number_is_exact_and_knows_what_rounding_hides() -> None:
    number = read_number("47.60", "percent")
    assert number.value == Fraction(476, 1000)
    assert (number.low, number.high) == (Fraction(47_595, 10**5), Fraction(47_605, 10**5))
    assert read_number("0.476", "fraction").value == number.value


@pytest.mark.parametrize("text", ["", "-", "85,9", "1e3", "nan", "85.9 ", "85.9±0.1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read_number(text, "percent")


@pytest.mark.parametrize(
    ("text", "unit", "other", "expected"),
    [
        ("0.670", "fraction", "percent", "67.0"),
        ("67.0", "percent", "fraction", "0.670"),
        ("67", "percent", "percent", "67"),
    ],
)
def test_number_is_written_in_another_unit_with_its_digits(
    text: str, unit: str, other: str, expected: str
) -> None:
    assert read_number(text, unit).text_in(other) == expected


def test_mean_has_one_digit_more_and_the_doubt_of_its_parts() -> None:
    mean = mean_of([read_number(text, "percent") for text in ("60.1", "60.2", "60.2")])
    assert mean.text == "60.17"
    assert mean.high - mean.low == Fraction(1, 1000)


def test_columns_are_read_by_what_the_table_is_about() -> None:
    one = make_table("Happiness.F1 Avg.F1 F1", make_row("a", "50.0 50.0 50.0"))
    several = make_table("MOSEI.WA", make_row("b", "50.0"), dataset="")
    names = {"Happiness": "Happy", "MOSEI": "mosei", "WA": "WAcc"}
    data = make_data(one=one, several=several, names=names)
    assert [score.quantity for score in printed_scores(data)] == [
        Quantity("calls", "Happy", "F1"),
        Quantity("calls", "Avg", "F1"),
        Quantity("calls", "Avg", "F1"),
        Quantity("mosei", "Avg", "WAcc"),
    ]


def test_counts_and_empty_cells_are_no_scores() -> None:
    counts = make_table("Sad", make_row("a", "12"), unit="count")
    scores = make_table("Sad.F1 Sad.Acc", make_row("a", "- 80.0"))
    (score,) = printed_scores(make_data(counts=counts, scores=scores))
    assert score.reference == "scores/a/Sad.Acc"


def test_average_is_the_printed_one_or_the_mean_of_all_cells() -> None:
    columns = "Sad.F1 Happy.F1 Sad.Acc Happy.Acc Avg.Acc"
    table = make_table(columns, make_row("a", "40.0 50.0 80.0 90.0 85.1"))
    averages = averages_of(printed_scores(make_data(t=table)))
    assert {q.metric: number.text for q, number in averages.items()} == {
        "F1": "45.00",
        "Acc": "85.1",
    }


def test_line_that_lacks_a_value_has_no_mean() -> None:
    table = make_table("Sad.F1 Happy.F1", make_row("a", "40.0 -"))
    assert averages_of(printed_scores(make_data(t=table))) == {}


def test_thousands_of_digits_are_no_number() -> None:
    for text in ("9" * 5_000, "0." + "1" * 400, "\N{ARABIC-INDIC DIGIT THREE}"):
        with pytest.raises(ValueError, match="is not a number such as"):
            read_number(text, "percent")
