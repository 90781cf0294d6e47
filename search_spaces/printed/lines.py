"""In which line of a file a printed table, a row or a claim stands."""

from collections.abc import Iterator

import yaml

Place = tuple[str, int]
"""The words by which a fault names a place, and a line, counted from 1."""


class Lines:
    """Finds the line that a fault is about, by the place that the fault names first."""

    def __init__(self, text: str) -> None:
        """Read the lines of a YAML mapping that was parsed before."""
        self._lines: dict[str, int] = {}
        root = yaml.compose(text, yaml.CBaseLoader)
        for place, line in _places(root):
            self._lines.setdefault(place, line)

    def add_to(self, fault: str) -> str:
        """Write the line before a fault, if any part of the file is about it."""
        found = [place for place in self._lines if _is_about(fault, place)]
        if not found:
            return fault
        return f"line {self._lines[max(found, key=len)]}: {fault}"


def _is_about(fault: str, place: str) -> bool:
    return fault.startswith((f"{place}:", f"{place}/"))


def _places(root: yaml.Node | None) -> Iterator[Place]:
    for key, node, line in _entries(root):
        yield key, line
        for name, part, of_part in _entries(node):
            yield f"{key}/{name}", of_part
            if key == "tables":
                yield f"table '{name}'", of_part
                yield from _rows(name, part)
            elif key == "supports":
                yield f"supports of '{name}'", of_part
        if key == "claims":
            yield from _items(key, "claim", node)


def _rows(table: str, node: yaml.Node) -> Iterator[Place]:
    for key, rows, line in _entries(node):
        yield f"tables/{table}/{key}", line
        if key == "rows":
            yield from _items(f"tables/{table}/rows", f"table '{table}': row", rows)


def _items(path: str, word: str, node: yaml.Node) -> Iterator[Place]:
    """Name the mappings of a list by their places and by their ids."""
    for place, item in enumerate(node.value if isinstance(node, yaml.SequenceNode) else ()):
        line = item.start_mark.line + 1
        yield f"{path}/{place}", line
        for key, value, _ in _entries(item):
            if key == "id":
                yield f"{word} '{value.value}'", line


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value, key.start_mark.line + 1
