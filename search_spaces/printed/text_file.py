"""A YAML file that a user writes: every scalar is text, and every fault can have its line."""

from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from corpora.parsing.errors import ParseError
from corpora.parsing.yaml_text import parse_yaml
from search_spaces.errors import PublishedError


class _TextLoader(yaml.CBaseLoader):
    """Reads every scalar as text, and rejects a repeated key: one of its values would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = Counter(str(self.construct_object(key, deep=True)) for key, _ in node.value)
        twice = sorted(key for key, num in keys.items() if num > 1)
        if twice:
            line = node.start_mark.line + 1
            raise PublishedError(f"below line {line}: twice the key {', '.join(twice)}")
        return super().construct_mapping(node, deep)


def read_content(path: Path) -> bytes:
    """Read the bytes of a file.

    Raises:
        PublishedError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise PublishedError(f"{path}: cannot be read: {error.strerror}") from error


def parse_mapping(content: bytes, path: Path, keys: str) -> Mapping[str, Any]:
    """Parse a file that is a mapping; every scalar stays text.

    Args:
        content: Its bytes.
        path: Its path, for errors.
        keys: What the mapping must have, in words.

    Raises:
        PublishedError: If it is no YAML, has a key twice, or is no mapping.
    """
    try:
        parsed = parse_yaml(content, _TextLoader)
    except (ParseError, PublishedError) as error:
        raise PublishedError(f"{path}: {error}") from error
    if not isinstance(parsed, Mapping):
        raise PublishedError(f"{path}: no mapping; it must have {keys}")
    return parsed
