import pytest

from corpora.readers.clip_cells import check_printable, read_split, read_time_s
from corpora.source.errors import CorpusError


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e1", 10),
        ("00:00:01.5", 1.5),
        ("1:02:03", 3723),
        ("00:00:01,250", 1.25),
    ],
)
def test_time_is_read(cell: str, seconds: float) -> None:
    assert read_time_s(cell, has_commas=False) == seconds


def test_decimal_comma_is_read_where_commas_divide_no_cells() -> None:
    assert read_time_s("1,5", has_commas=True) == 1.5
    with pytest.raises(CorpusError, match=r"'1,5' has a decimal comma; write 1\.5"):
        read_time_s("1,5", has_commas=False)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1,500", r"can mean 1\.500 or 1500; write a point"),
        ("01:30", "can mean minutes or hours; write 00:01:30 if minutes"),
        ("1_000", "is not a time in seconds, such as"),
        ("1.5 s", "is not a time in seconds, such as"),
        ("00:00:01:12", "is not a time"),
        ("00:61:00", "is not a time"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "is not a time"),
        ("1e999", "is not a time"),
        ("", "is not a time"),
    ],
)
def test_time_that_is_not_certain_is_refused(cell: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read_time_s(cell, has_commas=True)


@pytest.mark.parametrize(
    ("cell", "split"),
    [("Train", "train"), ("val", "valid"), ("DEV", "valid"), ("validation", "valid")],
)
def test_split_has_several_words(cell: str, split: str) -> None:
    assert read_split(cell) == split


def test_name_with_letters_of_any_script_is_printable() -> None:
    check_printable("\N{HEBREW LETTER ALEF}\N{RIGHT-TO-LEFT MARK} \N{NO-BREAK SPACE}caf\u00e9")
    with pytest.raises(CorpusError, match="holds a control character"):
        check_printable("a\x1b]0;b\a")


@pytest.mark.parametrize("cell", ["9" * 400 + ":00:01", "9" * 5_000 + ":00:01"])
def test_time_with_too_many_hours_is_none(cell: str) -> None:
    with pytest.raises(CorpusError, match="is not a time in seconds"):
        read_time_s(cell, has_commas=True)


def test_thousands_of_digits_before_a_comma_can_mean_two_things() -> None:
    with pytest.raises(CorpusError, match="write a point"):
        read_time_s("9" * 5_000 + ",500", has_commas=True)
    assert read_time_s("0,500", has_commas=True) == 0.5
