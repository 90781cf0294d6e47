import pytest

from corpora.parsing.errors import ParseError
from corpora.parsing.toml_text import parse_toml


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a = ", "Invalid value"),
        (b"a = \xff", "it is not UTF-8"),
        (b"a = " + b"[" * 10_000, "nested too deeply"),
        (b"a = " + b"9" * 5_000, "Exceeds the limit"),
    ],
)
def test_what_is_no_toml_is_one_error(content: bytes, fault: str) -> None:
    with pytest.raises(ParseError, match=fault):
        parse_toml(content)
