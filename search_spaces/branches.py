"""Branches of a study: rows that differ only in one number, in the order of that number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile

from pydantic import JsonValue

from search_spaces.change import flatten
from search_spaces.trial import TrialConfig

MIN_ROWS = 3
"""Fewer points do not make a line."""

Fields = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Branch:
    """Rows in ascending order of the one field in which they differ.

    If the field holds a list, its value is the length of the list.
    """

    field: str
    rows: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def name(self) -> str:
        """The words with which all names of the rows begin; without any, `first to last`."""
        words = zip(*(row.split() for row in self.rows), strict=False)
        common = [one for one, *others in takewhile(lambda each: len(set(each)) == 1, words)]
        return " ".join(common).rstrip(",;:-=") or f"{self.rows[0]} to {self.rows[-1]}"


def find_branches(configs: Mapping[str, TrialConfig]) -> list[Branch]:
    """Sort rows into branches; branches of too few rows are dropped.

    A row joins the first branch whose rows all differ from it in the same single field. This field
    is a number, or a list that contains the other rows' lists or is contained in them.

    Args:
        configs: The resolved config of each row, by name.
    """
    fields = {row: flatten(config) for row, config in configs.items()}
    groups: list[list[str]] = []
    for row in fields:
        for group in groups:
            if _branching_field([fields[name] for name in [*group, row]]):
                group.append(row)
                break
        else:
            groups.append([row])
    return [_make_branch(group, fields) for group in groups if len(group) >= MIN_ROWS]


def varying_fields(rows: Sequence[Fields]) -> list[str]:
    """List the fields in which rows differ; a field that a row lacks counts as different."""
    paths = dict.fromkeys(path for fields in rows for path in fields)
    return [
        path
        for path in paths
        if any(path not in fields or fields[path] != rows[0].get(path) for fields in rows)
    ]


def is_number(value: JsonValue) -> bool:
    """Say whether a field's value is a number; true and false are not numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _make_branch(group: Sequence[str], fields: Mapping[str, Fields]) -> Branch:
    (field,) = varying_fields([fields[row] for row in group])
    pairs = sorted((_measure(fields[row][field]), row) for row in group)
    values, rows = zip(*pairs, strict=True)
    return Branch(field=field, rows=rows, values=values)


def _branching_field(rows: Sequence[Fields]) -> str | None:
    varying = varying_fields(rows)
    if len(varying) != 1:
        return None
    values = [fields.get(varying[0]) for fields in rows]
    return varying[0] if all(_is_step(*pair) for pair in combinations(values, 2)) else None


def _is_step(one: JsonValue, other: JsonValue) -> bool:
    """Say whether two values can be ordered: different numbers, or a list that extends another."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) != len(other) and (_holds(one, other) or _holds(other, one))
    return is_number(one) and is_number(other) and one != other


def _holds(one: list[JsonValue], other: list[JsonValue]) -> bool:
    return all(item in one for item in other)


def _measure(value: JsonValue) -> float:
    if isinstance(value, list):
        return len(value)
    assert isinstance(value, int | float)
    return value
