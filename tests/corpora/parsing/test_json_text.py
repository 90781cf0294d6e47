import pytest
from pydantic import BaseModel, JsonValue

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json


class Form(BaseModel):
    name: str
    sizes: dict[str, JsonValue] = {}


def test_json_is_read_as_its_form() -> None:
    assert parse_json(b'{"name": "\xc3\xa9"}', Form) == Form(name="é")
    assert parse_json(b'"a CPU"', str) == "a CPU"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "EOF"),
        (b"\xff", "Invalid JSON"),
        (b'{"name": "\xff"}', "invalid unicode"),
        (b'{"name": "\\ud800"}', "Invalid JSON"),
        (b'{"name": "a", "sizes": {"a": ' + b"[" * 100_000, "recursion limit"),
        (b'{"name": "a", "sizes": {"a": ' + b"9" * 5_000 + b"}}", "number out of range"),
        (b"[]", "should be an object"),
        (b'{"sizes": 3}', "^name: Field required; sizes: Input should be"),
        (b'{"name": 1, "sizes": {}}', "^name: Input should be a valid string$"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message) as raised:
        parse_json(content, Form)
    assert "\n" not in str(raised.value)


class Ten(BaseModel):
    sizes: tuple[int, ...]


def test_many_faults_are_counted() -> None:
    with pytest.raises(ParseError, match=r"and 7 more faults$"):
        parse_json(b'{"sizes": [' + b",".join([b'"x"'] * 10) + b"]}", Ten)
