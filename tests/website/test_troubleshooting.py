"""Every text that the page of troubles quotes is one that the program can print."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_docs import ROOT
from tests.test_layers import ALLOWED, sources

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE)
GAP = "\0"
"""Stands for what a message is filled with."""


def messages() -> Iterator[str]:
    """Yield every text of our packages; what is filled in shows as a gap."""
    for package in ALLOWED:
        for file in sources(package):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(value=str(text)):
                        yield text
                    case ast.JoinedStr(values=values):
                        yield "".join(
                            str(one.value) if isinstance(one, ast.Constant) else GAP
                            for one in values
                        )


@pytest.fixture(scope="module")
def every_message() -> list[str]:
    return [*messages()]


def pattern_of(quoted: str) -> re.Pattern[str]:
    """Match a message that has the parts between `...`, one after another, with gaps between."""
    parts = quoted.removeprefix("...").removesuffix("...").split("...")
    return re.compile(f".*{GAP}.*".join(map(re.escape, parts)), re.DOTALL)


@pytest.mark.parametrize("quoted", QUOTED)
def test_quoted_text_is_printed_by_the_program(quoted: str, every_message: list[str]) -> None:
    pattern = pattern_of(quoted)
    assert any(pattern.search(message) for message in every_message)


@pytest.mark.parametrize("quoted", ["corpus '...' is not ready in '...'", "no such words"])
def test_text_that_no_message_has_is_found(quoted: str, every_message: list[str]) -> None:
    assert not any(pattern_of(quoted).search(message) for message in every_message)


def test_every_trouble_has_a_cause_and_what_to_do() -> None:
    entries = re.split(r"^### .*$", PAGE, flags=re.MULTILINE)[1:]
    assert len(entries) == len(QUOTED)
    assert all(len(entry.partition("\n## ")[0].split()) > 8 for entry in entries)
