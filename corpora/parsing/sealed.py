"""JSON files that show by themselves if they were changed: their last field is a SHA-256.

It is the digest of all that stands before it. Files of earlier versions have none, and are read as
they are.
"""

import hashlib
import re
from typing import TypeVar

from pydantic import BaseModel

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json

SEAL = "file_sha256"
"""The name of the field."""

DIGEST = re.compile(rb',\s*"(?:file_)?sha256": "([0-9a-f]{64})"\s*\}\s*\Z')
TAIL = 200
"""So many bytes at the end of a file hold the digest; a search through all of it would take longer
than the hashing."""

Form = TypeVar("Form")


def sealed(content: BaseModel, *, name: str = SEAL) -> bytes:
    """Write JSON with the digest as its last field, which gets this name."""
    plain = content.model_dump_json(indent=1).encode()
    sha256 = hashlib.sha256(plain).hexdigest()
    return plain.removesuffix(b"\n}") + f',\n "{name}": "{sha256}"\n}}'.encode()


def unsealed(content: bytes) -> tuple[bytes, bool]:
    """Take the digest out of a file's content.

    Returns:
        The JSON without it, and whether there was one.

    Raises:
        ParseError: If it is not the digest of what stands before it.
    """
    found = DIGEST.search(content, max(0, len(content) - TAIL))
    if found is None:
        return content, False
    plain = content[: found.start()] + b"\n}"
    if hashlib.sha256(plain).hexdigest() != found[1].decode():
        raise ParseError("it was changed after it was written: its SHA-256 differs")
    return plain, True


def parse_sealed(content: bytes, form: type[Form]) -> Form:
    """Read what `sealed` wrote, or an earlier version wrote without a digest.

    Raises:
        ParseError: If it was changed, or as `corpora.parsing.json_text.parse_json`.
    """
    return parse_json(unsealed(content)[0], form)
