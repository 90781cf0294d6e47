"""What is wrong with a search space, found before anything is trained."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, product
from typing import get_args

from pydantic import JsonValue

from search_spaces.change import Change, apply_change
from search_spaces.errors import StudyError
from search_spaces.names import name_fault
from search_spaces.space import SCALE, SYSTEM, Choice, IntRange, LogRange, Space, SpaceField
from search_spaces.terms import Scale


def check_space(space: Space, corpus: str, scale: Scale) -> None:
    """Make sure that every value of every field fits the models that it is for.

    Values are tried one at a time, with the first values of all other fields.

    Raises:
        StudyError: If the space has any fault; all faults together, one on each line.
    """
    faults = [*_outline_faults(space)]
    sound: list[SpaceField] = []
    for field in space.fields:
        found = [*_domain_faults(field), *_condition_faults(field, space)]
        faults += [f"field '{field.name}': {fault}" for fault in found]
        sound += [] if found else [field]
    faults += _overwriting_faults(space)
    faults += _config_faults(space.model_copy(update={"fields": tuple(sound)}), corpus, scale)
    if faults:
        raise StudyError("\n".join(f"space '{space.name}', {fault}" for fault in faults))


def _outline_faults(space: Space) -> Iterator[str]:
    if fault := name_fault(space.name):
        yield fault
    if not space.systems:
        yield "systems: a space needs at least one system"
    if not space.fields:
        yield "fields: a space needs at least one field"


def _domain_faults(field: SpaceField) -> Iterator[str]:
    match field:
        case Choice() if not field.options:
            yield "has no options"
        case IntRange() | LogRange() if field.low > field.high:
            yield f"its domain is empty: low {field.low:g} is above high {field.high:g}"
        case LogRange() if field.low <= 0:
            yield f"low {field.low:g} has no logarithm; choose one above 0"


def _condition_faults(field: SpaceField, space: Space) -> Iterator[str]:
    """Find conditions of a field that name no choice before it, or no option of that choice."""
    before = _choices_before(field, space)
    if field.name in (SYSTEM, SCALE) or [f.name for f in space.fields].count(field.name) > 1:
        yield "the name is used twice; each names one field, and 'system' and 'scale' are taken"
    for parent, options in field.when.items():
        if parent not in before:
            later = " that comes before it" if parent in (f.name for f in space.fields) else ""
            yield f"when: there is no choice '{parent}'{later}; choose from {', '.join(before)}"
            continue
        if not options:
            yield f"when: names no option of '{parent}'; choose from {', '.join(before[parent])}"
        for option in options:
            if option not in before[parent]:
                yield (
                    f"when: '{parent}' has no option '{option}'; "
                    f"choose from {', '.join(before[parent])}"
                )


def _choices_before(field: SpaceField, space: Space) -> dict[str, tuple[str, ...]]:
    """List the options of all choices that a field may depend on."""
    options = {SYSTEM: tuple(space.systems), SCALE: get_args(Scale)}
    for other in space.fields[: space.fields.index(field)]:
        if isinstance(other, Choice):
            options[other.name] = tuple(other.options)
    return options


def _overwriting_faults(space: Space) -> Iterator[str]:
    """Find fields that overwrite what another field sets in the same point."""
    for field in space.fields:
        if _overwrites(_paths(field), space.change):
            yield f"field '{field.name}': sets what the space's own change sets too"
    for earlier, later in combinations(space.fields, 2):
        for option, change in _changes(earlier).items():
            needs = _meet(_needs(earlier, space), {earlier.name: (option,)})
            both = _meet(needs, _needs(later, space))
            undone = _overwrites(_paths(later), change)
            if undone and all(both.values()):
                yield f"field '{later.name}': sets {undone}, as field '{earlier.name}' does"
                break


def _overwrites(paths: Iterable[str], change: Change) -> str | None:
    """Return a path of a change that is replaced, by itself or as a part of a replaced field."""
    replaced = (old for old in change for new in paths if f"{old}.".startswith(f"{new}."))
    return next(replaced, None)


def _changes(field: SpaceField) -> Mapping[str, Change]:
    return field.options if isinstance(field, Choice) else {"": {field.path: field.low}}


def _paths(field: SpaceField) -> set[str]:
    return {path for change in _changes(field).values() for path in change}


Needs = Mapping[str, tuple[str, ...]]


def _needs(field: SpaceField, space: Space) -> Needs:
    """Collect the conditions of a field, and those of the choices that it depends on."""
    needs: Needs = field.when
    for parent in space.fields:
        if parent.name in field.when and parent is not field:
            needs = _meet(needs, _needs(parent, space))
    return needs


def _meet(one: Needs, other: Needs) -> Needs:
    """Join conditions that must hold together; a choice has no option left if they cannot."""
    shared = {
        name: tuple(o for o in one[name] if o in other[name]) for name in one if name in other
    }
    return {**one, **other, **shared}


def _config_faults(space: Space, corpus: str, scale: Scale) -> list[str]:
    """Resolve every value of every field; each fault is reported once."""
    faults: dict[str, str] = {}
    for system in space.systems:
        try:
            baseline = space.baseline(system, corpus, scale)
        except StudyError as error:
            faults[str(error)] = f"system '{system}': "
            continue
        for place, change in _trials_of(space, system, scale):
            try:
                apply_change(baseline, change)
            except StudyError as error:
                for line in str(error).splitlines():
                    faults.setdefault(line, _setter_of(line, space) or place)
    return [f"{place}{fault}" for fault, place in faults.items()]


def _setter_of(fault: str, space: Space) -> str | None:
    """Name the field that sets the path that a fault begins with."""
    path, _, _ = fault.partition(": ")
    return next((f"field '{f.name}': " for f in space.fields if path in _paths(f)), None)


def _trials_of(space: Space, system: str, scale: Scale) -> Iterator[tuple[str, Change]]:
    """List the changes to try on a system; the first has the first values of all fields."""
    given = {SYSTEM: system}
    yield f"system '{system}': ", _change(space, scale, given)
    for field in space.fields:
        needs = {SCALE: (scale,), **_needs(field, space)}
        if scale not in needs[SCALE] or system not in needs.get(SYSTEM, (system,)):
            continue
        own = [[(parent, option) for option in field.when[parent]] for parent in field.when]
        above = {parent: options[0] for parent, options in needs.items() if options}
        for parents in product(*own):
            for value in _extremes(field):
                chosen = {**above, **dict(parents), **given, field.name: value}
                place = f"field '{field.name}', {value!r} (system '{system}'): "
                yield place, _change(space, scale, chosen)


def _change(space: Space, scale: Scale, chosen: Mapping[str, JsonValue]) -> Change:
    """Return the change of the point with some values, and the first values of other fields."""

    def choose(field: SpaceField) -> JsonValue:
        return chosen[field.name] if field.name in chosen else _extremes(field)[0]

    return space.draw(scale, choose).change


def _extremes(field: SpaceField) -> list[JsonValue]:
    if isinstance(field, Choice):
        return [*field.options]
    return [field.low, field.high]
