"""Strategies that damage a valid input: its bytes, words, lines, nodes or parts, or all of it."""

import io
import json
import pickle
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from enum import Enum
from typing import Any

import numpy as np
import yaml
from hypothesis import strategies as st

from corpora.parsing.errors import ParseError
from corpora.parsing.yaml_text import parse_yaml

Edit = Callable[[bytes, int, int], bytes]
"""Changes an input at a place; the last number chooses among what can be done there."""

FAR = 2**20
"""Places and choices are drawn below this number, and taken modulo what there is."""

MOST_EDITS = 4

WORDS = (
    *("", "NaN", "inf", "-inf", "1e400", "1e-400", "-1", "0", "1", "0x10", "1_000", "null", "true"),
    *("9" * 5_000, "9" * 400, "1" + "0" * 30, "0." + "0" * 400 + "1", "\u0663", "\u00b2", "\u2460"),
    *("\ufeff", "\u202e", "\x1b[31m", "\r", "\r\n", "\n", "\0", "\x85", "\u2028", "\ud800", "\t"),
    *('"', "'", ",", ";", ":", "{", "}", "[", "]", "&", "*a", "&a [*a]", "%", "\\", "~", "~nobody"),
    *("[" * 300, "{" * 300, "(" * 300, "[" * 30_000, '{"a":' * 300, "- " * 300, "a: {" * 100),
    *("<<: *a", "!!python/object:os.system", "!!float x", "2020-99-99", "99:99:99", "? [a]: b"),
    *("../../etc/passwd", "/", "//", "..", "%00", "%zz", "@", "@@", "?", "#", "s3://", "http://"),
    *("-->", "00:00:01,000 --> 00:00:02,500", "&#x110000;", "&#1114112;", "<v " * 300),
    *(r"\multicolumn{999999999}{c}{x}", r"\multicolumn{2}{c}{" * 400, r"\begin{tabular}" * 2_000),
    *("a" * 300, "a" * 200_000, "train", "end", "utterance", "1e308", "-0.0", "1.5", "٣.٣", "é"),
)
"""What is put in the place of words: numbers that do not fit, signs that mean something."""

VALUES = (
    *("null", "true", "0", "-1", "1.5", "1e400", "1e308", "NaN", "-Infinity", "9" * 5_000),
    *("9" * 400, "9223372036854775808", "-9223372036854775809", "1e-400", '""', '"a"', '"\\u0000"'),
    *('"\\ud800"', '"NaN"', '"\\u001b[31m"', '"../../x"', '"/"', "[]", "{}", "[[]]", '{"a": 1}'),
    *(
        "[" * 100 + "]" * 100,
        "[" * 30_000,
        '{"a":' * 100 + "1" + "}" * 100,
        '"' + "a" * 5_000 + '"',
    ),
)
"""What is put in the place of nodes of JSON and YAML, as written there."""

OBJECTS: tuple[object, ...] = (
    *(None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**400, "", "a", "\0", b"a", (), [], {}),
    *(np.float32("nan"), np.zeros(0), np.zeros((2, 3)), np.zeros((4, 0, 2)), np.array(5)),
    *(np.array(["a", None], dtype=object), np.array([[np.inf] * 3] * 4), {"a": {"b": [1]}}),
    *(np.zeros((4, 8, 3), np.complex64), np.array([b"\xff"]), 2**63, set(), np.zeros(3, bool)),
)
"""What is put in the place of nodes of pickled data."""

NUMBERS = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\0\0", b"\x7f" * 8)
"""Lengths and offsets that fit no file."""

TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")


class Form(Enum):
    """What an input is made of, which decides how it is damaged."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    BYTES = "bytes"
    PICKLE = "pickle"
    ZIP = "zip"
    TENSORS = "tensors"


def inputs(samples: Sequence[bytes], form: Form) -> st.SearchStrategy[bytes]:
    """Draw valid inputs with a few edits, and now and then something else altogether."""
    edit = st.tuples(st.sampled_from(EDITS[form]), st.integers(0, FAR - 1), st.integers(0, FAR - 1))
    edited = st.builds(
        _edited, st.sampled_from(samples), st.lists(edit, min_size=1, max_size=MOST_EDITS)
    )
    other = st.text(max_size=60).map(str.encode) if form in IN_WORDS else st.binary(max_size=60)
    return st.one_of(*[edited] * 9, other, st.binary(max_size=40))


def _edited(content: bytes, edits: Sequence[tuple[Edit, int, int]]) -> bytes:
    for edit, place, choice in edits:
        content = edit(content, place, choice)
    return content


def _cut(content: bytes, place: int, choice: int) -> bytes:
    at = place % (len(content) + 1)
    return content[:at] + content[at + choice % 64 :]


def _end(content: bytes, place: int, choice: int) -> bytes:
    return content[: place % (len(content) + 1)]


def _flip(content: bytes, place: int, choice: int) -> bytes:
    if not content:
        return content
    at = place % len(content)
    return content[:at] + bytes([content[at] ^ (1 << choice % 8)]) + content[at + 1 :]


def _overwrite(content: bytes, place: int, choice: int) -> bytes:
    at, number = place % (len(content) + 1), NUMBERS[choice % len(NUMBERS)]
    return content[:at] + number + content[at + len(number) :]


def _repeat(content: bytes, place: int, choice: int) -> bytes:
    at = place % (len(content) + 1)
    piece = content[at : at + choice % 256]
    return content[:at] + piece * (1 + choice % 4) + content[at:]


def _change_word(content: bytes, place: int, choice: int) -> bytes:
    """Put another word in the place of one, before it, or nothing."""
    found = TOKEN.findall(content)
    word = WORDS[choice % len(WORDS)].encode("utf-8", "surrogatepass")
    if not found:
        return word
    at = place % len(found)
    before = found[at] if choice % 3 == 0 else b""
    return b"".join([*found[:at], word, before, *found[at + 1 :]])


def _move_line(content: bytes, place: int, choice: int) -> bytes:
    """Repeat, remove or exchange a line."""
    lines = content.splitlines(keepends=True) or [b""]
    at, other = place % len(lines), choice % len(lines)
    match choice % 3:
        case 0:
            lines.insert(other, lines[at])
        case 1:
            del lines[at]
        case _:
            lines[at], lines[other] = lines[other], lines[at]
    return b"".join(lines)


def _double_column(content: bytes, place: int, choice: int) -> bytes:
    """Repeat a column of a table, or take it away."""
    lines = [line.split(b",") for line in content.splitlines()]
    num = max(map(len, lines), default=1)
    at, times = place % num, 2 * (choice % 2)
    return b"\n".join(
        b",".join([*one[:at], *one[at : at + 1] * times, *one[at + 1 :]]) for one in lines
    )


def _encode(content: bytes, place: int, choice: int) -> bytes:
    """Write a text as other programs do."""
    text = content.decode("utf-8", "replace")
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: b"\xef\xbb\xbf" + content,
        lambda: text.replace("\n", "\r\n").encode(),
        lambda: text.replace("\n", "\r").encode(),
        lambda: text.encode("utf-16"),
        lambda: text.encode("latin-1", "replace"),
        lambda: text.replace(",", ";").encode(),
        lambda: text.replace(",", "\t").encode(),
        lambda: text.upper().encode(),
    )
    return ways[choice % len(ways)]()


Step = tuple[Any, Any]
"""A container, and the place of a node in it."""


def _steps(tree: object) -> Iterator[Step]:
    places: list[Any] = []
    if isinstance(tree, dict):
        places = [*tree]
    elif isinstance(tree, list):
        places = [*range(len(tree))]
    for place in places:
        yield tree, place
        yield from _steps(tree[place])  # type: ignore[index]


def _change_node(tree: Any, place: int, choice: int, values: Sequence[object]) -> Any:
    """Replace, remove, rename or repeat a node of a tree, in place where that can be."""
    steps = [*_steps(tree)]
    value = values[choice // 8 % len(values)]
    if not steps:
        return value
    holder, key = steps[place % len(steps)]
    other, other_key = steps[choice % len(steps)]
    match choice % 8:
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[value if isinstance(value, str) else "renamed"] = holder.pop(key)
        case 2:
            if isinstance(holder, list):
                holder.insert(key, holder[key])
            else:
                holder["added"] = value
        case 3:
            holder[key] = deepcopy(other[other_key])
        case _:
            holder[key] = value
    return tree


def _change_json(content: bytes, place: int, choice: int) -> bytes:
    return _in_tree(content, place, choice, json.loads, lambda tree: json.dumps(tree, indent=1))


def _change_yaml(content: bytes, place: int, choice: int) -> bytes:
    def dump(tree: object) -> str:
        text: str = yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False)
        return text

    return _in_tree(content, place, choice, parse_yaml, dump)


def _in_tree(
    content: bytes,
    place: int,
    choice: int,
    load: Callable[[bytes], object],
    dump: Callable[[object], str],
) -> bytes:
    """Change a node of a text; if that is damaged already, change a word instead."""
    marks = [f"mark{number}mark" for number in range(len(VALUES))]
    try:
        text = dump(_change_node(load(content), place, choice, marks))
    except (ParseError, ValueError, RecursionError, TypeError, yaml.YAMLError):
        return _change_word(content, place, choice)
    for mark, value in zip(marks, VALUES, strict=True):
        text = text.replace(f'"{mark}"', value).replace(mark, value)
    return text.encode("utf-8", "surrogatepass")


def _change_pickle(content: bytes, place: int, choice: int) -> bytes:
    """Change a node of what was pickled here; what an edit has damaged already is not loaded."""
    try:
        tree = _SAMPLES[content]
    except KeyError:
        return _flip(content, place, choice)
    changed = _change_node(pickle.loads(pickle.dumps(tree)), place, choice, OBJECTS)
    return pickle.dumps(changed, protocol=choice % 5)


_SAMPLES: dict[bytes, object] = {}
"""What was pickled, by its pickle."""


def pickled(tree: object) -> bytes:
    """Pickle a sample whose nodes can be changed."""
    content = pickle.dumps(tree, protocol=4)
    _SAMPLES[content] = tree
    return content


UNREADABLE_ZIP = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError),
    *(RuntimeError, NotImplementedError, ValueError, OverflowError),
)


def _change_part(content: bytes, place: int, choice: int) -> bytes:
    """Damage one part of a zip, whose checksum is right again afterwards."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except UNREADABLE_ZIP:
        return _flip(content, place, choice)
    if not parts:
        return content
    name = [*parts][choice % len(parts)]
    parts[name] = OF_BYTES[choice % len(OF_BYTES)](parts[name], place, choice // len(OF_BYTES))
    if choice % 11 == 0:
        del parts[name]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def _change_header(content: bytes, place: int, choice: int) -> bytes:
    """Change the JSON before the numbers of a `.safetensors` file."""
    length = int.from_bytes(content[:8], "little")
    if length > len(content):
        return _flip(content, place, choice)
    header = _change_json(content[8 : 8 + length], place, choice)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


OF_BYTES: tuple[Edit, ...] = (_cut, _end, _flip, _overwrite, _repeat)
OF_TEXT: tuple[Edit, ...] = (
    *[_change_word] * 8,
    *(_move_line, _move_line, _encode, _double_column),
    *OF_BYTES,
)
IN_WORDS = (Form.TEXT, Form.JSON, Form.YAML)

EDITS: dict[Form, tuple[Edit, ...]] = {
    Form.TEXT: OF_TEXT,
    Form.JSON: (*[_change_json] * 16, *OF_TEXT),
    Form.YAML: (*[_change_yaml] * 16, *OF_TEXT),
    Form.BYTES: OF_BYTES,
    Form.PICKLE: (*[_change_pickle] * 10, *OF_BYTES),
    Form.ZIP: (*[_change_part] * 10, *OF_BYTES),
    Form.TENSORS: (*[_change_header] * 10, *OF_BYTES),
}
