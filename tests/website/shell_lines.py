"""The commands that a page of the documentation tells its reader to type."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OURS = "mmer-sweep"
FENCE = re.compile(r"^ *```(\w*)")
SPAN = re.compile(r"`((?:\.venv/bin/)?(?:mmer-sweep|make|python\s-m|ray)\s[^`]+)`")
ASSIGNED = re.compile(r"^\w+=\S*$")


class Typed(NamedTuple):
    """A command as it stands in a page: in a block of code, or in the text around it."""

    text: str
    is_in_block: bool


def typed_commands(page: Path) -> list[Typed]:
    """List the lines of a page's blocks of code, and the commands of ours within its text."""
    blocks: list[str] = []
    text: list[str] = []
    for is_code, line in _lines(page.read_text(encoding="utf-8")):
        (blocks if is_code else text).append(line)
    joined = "\n".join(blocks).replace("\\\n", " ").splitlines()
    spans = SPAN.findall("\n".join(text))
    return [
        *(Typed(line.strip().removeprefix("$ "), True) for line in joined if line.strip()),
        *(Typed(" ".join(span.split()), False) for span in spans),
    ]


def _lines(text: str) -> Iterator[tuple[bool, str]]:
    """Yield each line and whether it is code that is typed: indented, or fenced for a shell.

    In a fence of another language a command stands after a prompt, or within a comment.
    """
    language: str | None = None
    for line in text.splitlines():
        if fence := FENCE.match(line):
            language = fence[1] if language is None else None
        elif language is None:
            yield line.startswith("    "), line
        else:
            yield language in ("sh", "bash") or line.strip().startswith("$ "), line


def words_of(command: str) -> list[str]:
    """Split a command into its words, without variables before it and commands after it."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:  # no command, but a table or a sentence
        return []
    while words and ASSIGNED.match(words[0]):
        del words[0]
    end = next((place for place, word in enumerate(words) if word in ("&", "&&")), len(words))
    return words[:end]


def ours_in(command: str) -> list[str] | None:
    """Return the arguments of our program in a command, also where Ray is asked to start it."""
    words = words_of(command)
    if not words or Path(words[0]).name not in (OURS, "ray"):
        return None
    for place, word in enumerate(words):
        if Path(word).name == OURS:
            return words[place + 1 :]
        if f"{OURS} " in word:
            return ours_in(word)
    return None
