import codecs

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


def test_byte_order_mark_of_an_editor_is_no_fault() -> None:
    assert parse_toml(codecs.BOM_UTF8 + b"seeds = 5\r\n") == {"seeds": 5}


def test_other_encodings_are_refused() -> None:
    with pytest.raises(ParseError, match="it is not UTF-8"):
        parse_toml("seeds = 5".encode("utf-16"))
