import pytest
from pydantic import BaseModel, ConfigDict

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed, unsealed


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    sha256: dict[str, str] = {}
    number: float = 1.5


FORM = Form(name='a "name"', sha256={"train": "ab"})


def test_what_was_sealed_is_read_again() -> None:
    content = sealed(FORM)
    assert content.endswith(b'"\n}')
    assert unsealed(content) == (FORM.model_dump_json(indent=1).encode(), True)
    assert parse_sealed(content, Form) == FORM


def test_file_of_an_earlier_version_is_read_without_a_digest() -> None:
    for indent in (None, 1):
        content = FORM.model_dump_json(indent=indent).encode()
        assert unsealed(content) == (content, False)
        assert parse_sealed(content, Form) == FORM


def test_no_flipped_bit_changes_what_is_read() -> None:
    content, found = sealed(FORM), []
    for bit in range(8 * len(content)):
        at, of_byte = divmod(bit, 8)
        flipped = content[:at] + bytes([content[at] ^ (1 << of_byte)]) + content[at + 1 :]
        try:
            found.append(parse_sealed(flipped, Form))
        except ParseError:
            continue
    assert all(one == FORM for one in found)


def test_no_shorter_file_is_read() -> None:
    content = sealed(FORM)
    for end in range(len(content)):
        with pytest.raises(ParseError):
            parse_sealed(content[:end], Form)
