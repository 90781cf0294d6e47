"""A search space: the fields of a model and its training that a search chooses, as data."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from pydantic import Field, JsonValue

from models.configs.base import Config
from search_spaces.change import Change, apply_change
from search_spaces.errors import StudyError
from search_spaces.study import ANY_CORPUS, Baseline, as_baseline
from search_spaces.terms import Scale, Words
from search_spaces.trial import TrialConfig

SYSTEM, SCALE = "system", "scale"
"""What a field may depend on besides the choices before it."""

When = Mapping[str, tuple[str, ...]]
"""The choices that a field depends on, each with the options for which the field exists."""


class Choice(Config):
    """One of several options, each a change."""

    name: str
    options: Mapping[str, dict[str, JsonValue]]
    when: When = Field(default={})

    def change(self, value: JsonValue) -> Change:
        """Return what an option changes."""
        return self.options[cast(str, value)]


class _Range(Config):
    path: str
    name: str = Field(default_factory=lambda given: given.get("path", ""))
    when: When = Field(default={})

    def change(self, value: JsonValue) -> Change:
        """Return what a value changes."""
        return {self.path: value}


class IntRange(_Range):
    """Every whole number from `low` to `high`; by default the name is the path."""

    low: int
    high: int


class LogRange(_Range):
    """Every number from `low` to `high`, uniform on a logarithmic scale."""

    low: float
    high: float


SpaceField = Choice | IntRange | LogRange


class Point(NamedTuple):
    """One point of a space: its system, the values of the fields that exist, and their changes."""

    system: str
    values: dict[str, JsonValue]
    change: dict[str, JsonValue]


class Space(Config):
    """Systems, and the fields that a search chooses; `change` is common to all points.

    `systems` says where each system's baseline is, a module and a name in it, as in
    `search_spaces.systems.le:LE`. A field exists if its `when` holds; the choices that it depends
    on come before it. With several systems, the choice `system` comes first.
    """

    name: Words
    title: Words
    systems: Mapping[str, str]
    fields: tuple[SpaceField, ...]
    change: dict[str, JsonValue] = Field(default={})

    @property
    def all_fields(self) -> tuple[SpaceField, ...]:
        """The fields; with several systems, the choice of a system comes first."""
        if len(self.systems) < 2:
            return self.fields
        return (Choice(name=SYSTEM, options={name: {} for name in self.systems}), *self.fields)

    def draw(self, scale: Scale, choose: Callable[[SpaceField], JsonValue]) -> Point:
        """Go through the fields in their order; `choose` gives a value to each that exists."""
        known: dict[str, JsonValue] = {SCALE: scale}
        if len(self.systems) == 1:
            known[SYSTEM] = next(iter(self.systems))
        values: dict[str, JsonValue] = {}
        change = dict(self.change)
        for field in self.all_fields:
            if all(known.get(parent) in options for parent, options in field.when.items()):
                known[field.name] = values[field.name] = choose(field)
                change |= field.change(values[field.name])
        system = cast(str, known[SYSTEM])
        return Point(system, {k: v for k, v in values.items() if k != SYSTEM}, change)

    def baseline(self, system: str, corpus: str, scale: Scale) -> TrialConfig:
        """Return the config of a system that the points' changes are applied to.

        Raises:
            StudyError: If there is none.
        """
        place = self.systems[system]
        configs = import_baseline(place).get(scale, {})
        if corpus not in configs and ANY_CORPUS not in configs:
            raise StudyError(f"'{place}' has no config for corpus '{corpus}' at scale '{scale}'")
        return configs.get(corpus) or configs[ANY_CORPUS]

    def config(self, point: Point, corpus: str, scale: Scale) -> TrialConfig:
        """Resolve a point on a corpus.

        Raises:
            StudyError: If its values do not fit together.
        """
        return apply_change(self.baseline(point.system, corpus, scale), point.change)


def choice_of(path: str, values: Iterable[JsonValue], *, when: When | None = None) -> Choice:
    """Make a choice between values of one field."""
    return Choice(name=path, options={str(v): {path: v} for v in values}, when=when or {})


_OF_FILES: dict[str, Baseline] = {}
"""The baselines in modules beside a user's space file, which only that file can import."""


def keep_baseline(place: str) -> None:
    """Load a baseline while a user's file is loaded, for later.

    Raises:
        StudyError: If there is none.
    """
    _OF_FILES[place] = import_baseline(place)


def import_baseline(place: str) -> Baseline:
    """Load a baseline from where it is, as in `search_spaces.systems.le:LE`.

    Raises:
        StudyError: If there is none.
    """
    module, _, name = place.partition(":")
    try:
        found: Any = as_baseline(getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        if place in _OF_FILES:
            return _OF_FILES[place]
        raise StudyError(
            f"there is no baseline '{place}' ({error}); name it as module:NAME, for example "
            "search_spaces.systems.le:LE"
        ) from error
    if not isinstance(found, Mapping):
        raise StudyError(
            f"'{place}' is not a baseline; choose a mapping from scales to configs by corpus"
        )
    return found
