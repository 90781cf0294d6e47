"""Changes: fields, addressed by dotted path, that a row sets to other values than the baseline."""

from collections.abc import Mapping
from copy import deepcopy
from reprlib import Repr

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_jsonable_python

from models.configs.base import Config
from models.configs.system import SYSTEM_NAMES, TAGS
from search_spaces.errors import StudyError
from search_spaces.trial import TrialConfig

Change = Mapping[str, JsonValue]

_CHANGE: TypeAdapter[Change] = TypeAdapter(Change)

MAX_DEPTH = 12
"""A message shows so many levels of a value and of the path to it: repr() of more may not end."""

_SHORT = Repr()
_SHORT.maxlevel = MAX_DEPTH
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = 100
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 1000


def apply_change(config: TrialConfig, change: Change) -> TrialConfig:
    """Return `config` with the fields of `change` replaced.

    A path must lead to a field that exists. An alternative of another kind replaces all fields of
    the old one, as in `{"model.fusion": {"kind": "early"}}`.

    Raises:
        StudyError: If a path or a value does not fit; all faults together, one on each line.
    """
    try:
        change = _CHANGE.validate_python(change)
    except ValidationError as error:
        raise StudyError("\n".join(describe_faults(error))) from error
    tree = _tree(config)
    faults = [fault for path, value in change.items() if (fault := _replace(tree, path, value))]
    if faults:
        raise StudyError("\n".join(faults))
    try:
        return TrialConfig.model_validate(tree)
    except ValidationError as error:
        raise StudyError("\n".join(describe_faults(error))) from error


def flatten(config: TrialConfig) -> dict[str, JsonValue]:
    """List a config's fields by dotted path."""
    flat: dict[str, JsonValue] = {}
    pending: list[tuple[str, JsonValue]] = list(_tree(config).items())
    while pending:
        path, value = pending.pop(0)
        if isinstance(value, dict):
            pending = [(f"{path}.{name}", child) for name, child in value.items()] + pending
        else:
            flat[path] = value
    return flat


def describe_faults(error: ValidationError) -> list[str]:
    """Describe each fault of a config in one line: the field, what is wrong, what was given."""
    return [_describe(fault) for fault in error.errors()]


def _tree(config: Config) -> dict[str, JsonValue]:
    """Return all fields as JSON, those too that are not written where they have their default."""
    return {
        name: _tree(value) if isinstance(value, Config) else to_jsonable_python(value)
        for name, value in config
    }


def _describe(fault: ErrorDetails) -> str:
    model, *rest = map(str, fault["loc"] or ("config",))
    for names in (TAGS, SYSTEM_NAMES):  # they name the config of a union, not a field
        if rest and rest[0] in names:
            rest = rest[1:]
    place = ".".join((model, *rest[:MAX_DEPTH]))
    text = f"{place}: {fault['msg'].removeprefix('Value error, ')}"
    given = fault["input"]
    # A whole config is too long to show; the text names the wrong field.
    return text if isinstance(given, dict | BaseModel) else f"{text}, got {_SHORT.repr(given)}"


def _replace(tree: dict[str, JsonValue], path: str, value: JsonValue) -> str | None:
    """Set the field at `path` in place, or return why there is none."""
    *parents, last = path.split(".")
    node = tree
    for depth, name in enumerate([*parents, last]):
        if name not in node:
            place = ".".join(parents[:depth]) or "the config"
            return f"{path}: {place} has no field '{name}'; choose from {', '.join(node)}"
        child = node[name]
        if depth == len(parents):
            node[name] = deepcopy(value)  # a later path may lead into it
        elif isinstance(child, dict):
            node = child
        else:
            here = ".".join([*parents, last][: depth + 1])
            return f"{path}: {here} has no fields of its own"
    return None
