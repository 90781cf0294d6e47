"""Reads YAML; refuses texts that would keep a reader busy, or end its process."""

from collections import Counter

import yaml

from corpora.parsing.errors import ParseError

MAX_DEPTH = 64
"""How deep lists and mappings may be nested. LibYAML ends the process at some ten thousand."""

MAX_NODES = 1_000_000
"""How many values a text may have, those that an alias repeats included."""

Loader = type[yaml.CSafeLoader] | type[yaml.CBaseLoader]


def parse_yaml(content: bytes, loader: Loader = yaml.CSafeLoader) -> object:
    """Read a YAML document.

    Args:
        content: The text, in UTF-8.
        loader: `yaml.CSafeLoader` gives numbers, dates and text; `yaml.CBaseLoader` only text.

    Raises:
        ParseError: If it is no YAML in UTF-8, if it is nested too deeply, or if its aliases repeat
            too much.
    """
    try:
        text = content.decode("utf-8")
        _check_size(text, loader)
        return yaml.load(text, Loader=loader)
    except UnicodeDecodeError as error:
        raise ParseError(f"it is not UTF-8: {error.reason} at byte {error.start}") from error
    except yaml.YAMLError as error:
        raise ParseError(" ".join(str(error).split())) from error
    # A loader does not catch what its own conversions raise, as of `2020-99-99` or `!!bool x`.
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ParseError(f"a value does not fit its type: {error}") from error


def _check_size(text: str, loader: Loader) -> None:
    """Go through the text once, without building anything, and count what it would build.

    Raises:
        ParseError: If it is too deep or too much.
    """
    size = _Size()
    for event in yaml.parse(text, Loader=loader):
        size.add(event)


class _Size:
    """How many values a text has so far, in all and in each list or mapping that is open."""

    def __init__(self) -> None:
        self._open: list[tuple[str | None, int]] = [(None, 0)]
        self._anchored: Counter[str | None] = Counter()

    def add(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append((event.anchor, 1))
            if len(self._open) > MAX_DEPTH + 1:
                raise ParseError(f"lists and mappings are nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._count(*self._open.pop())
        elif isinstance(event, yaml.ScalarEvent):
            self._count(event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in self._open):
                raise ParseError(f"alias '*{event.anchor}' stands within what it repeats")
            self._count(None, self._anchored[event.anchor])

    def _count(self, anchor: str | None, num: int) -> None:
        self._anchored[anchor] = num
        outer, so_far = self._open[-1]
        self._open[-1] = outer, so_far + num
        if so_far + num > MAX_NODES:
            raise ParseError(f"it has more than {MAX_NODES:,} values, with those of its aliases")
