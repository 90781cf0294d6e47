"""What of a config names a computation: adding a field to a config renames no older trial."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from corpora.parsing.json_text import parse_json
from models.configs.base import Config
from models.own.system import OwnSystem

FIRST_FIELDS_FILE = "first_fields.json"
"""The fields of each config in the first release, by the module and the name of its class."""


def identity_of(config: Config) -> dict[str, Any]:
    """Return the fields that name what a config computes, as JSON.

    Fields of the first release always count. A later field counts only if it differs from its
    default, so that default must mean the computation of before. Kinds always count, such as
    "transformer" of a fusion. All fields of a user's own system count: its source does, too.
    """
    plain = config.model_dump(mode="json")
    if isinstance(config, OwnSystem):
        return plain
    first = _first_fields().get(f"{type(config).__module__}.{type(config).__qualname__}", ())
    counted: dict[str, Any] = {}
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if (
            name in first
            or _is_kind(field)
            or value != field.get_default(call_default_factory=True)
        ):
            counted[name] = identity_of(value) if isinstance(value, Config) else plain[name]
    return counted


def canonical_json(value: object) -> str:
    """Write JSON in the one form that is hashed: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _is_kind(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


@cache
def _first_fields() -> dict[str, list[str]]:
    content = files("search_spaces").joinpath(FIRST_FIELDS_FILE).read_bytes()
    return parse_json(content, dict[str, list[str]])
