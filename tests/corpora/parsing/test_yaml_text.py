import pytest
import yaml

from corpora.parsing.errors import ParseError
from corpora.parsing.yaml_text import MAX_DEPTH, parse_yaml


def bomb(levels: str = "bcdefghijk") -> bytes:
    """Repeat ten values ten times, that ten times, and so on."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, level in zip("a" + levels, levels, strict=False):
        lines.append(f"{level}: &{level} [{', '.join([f'*{before}'] * 10)}]")
    return "\n".join(lines).encode()


def test_numbers_and_aliases_are_read() -> None:
    assert parse_yaml(b"a: &x {n: 1}\nb: *x") == {"a": {"n": 1}, "b": {"n": 1}}
    assert parse_yaml(b"a: 2020-01-01", yaml.CBaseLoader) == {"a": "2020-01-01"}
    assert parse_yaml(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.CBaseLoader])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff", "not UTF-8: invalid start byte at byte 3"),
        (b"a: [", "while parsing"),
        (b"a: *b", "undefined alias"),
        (b"[" * 100_000, "nested more than 64 deep"),
        (b"- " * 100_000, "nested more than 64 deep"),
        (bomb(), "more than 1,000,000 values"),
        (b"a: &a [*a]", "stands within what it repeats"),
        (b"? [a]\n: b", "unhashable key"),
        (b"a: \x00", "control characters"),
    ],
    ids=lambda given: repr(given)[:20],
)
def test_damaged_or_hostile_text_is_refused(
    content: bytes, message: str, loader: type[yaml.CSafeLoader] | type[yaml.CBaseLoader]
) -> None:
    with pytest.raises(ParseError, match=message):
        parse_yaml(content, loader)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 2020-99-99", "a value does not fit its type: month must be in"),
        (b"a: !!int x", "a value does not fit its type: invalid literal"),
        (b"a: !!bool x", "a value does not fit its type: 'x'"),
        (b"a: !!timestamp x", "a value does not fit its type"),
        (b"a: " + b"9" * 5_000, "a value does not fit its type"),
        (b"a: !!python/object:os.system []", "could not determine a constructor"),
    ],
    ids=lambda given: repr(given)[:20],
)
def test_value_of_no_such_type_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_yaml(content)
