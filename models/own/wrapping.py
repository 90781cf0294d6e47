"""From an existing `nn.Module` class to a system: its arguments are the settings."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

from pydantic import JsonValue, PydanticUserError, TypeAdapter, create_model

from models.own.errors import OwnCodeError
from models.own.system import OwnSystem, find_class

if TYPE_CHECKING:
    from torch import nn

    from models.task import Task

FILLED: "Mapping[str, Callable[[OwnSystem, Task], object]]" = {
    "task": lambda _, task: task,
    "num_emotions": lambda _, task: task.num_emotions,
    "vocabulary": lambda system, _: system.tokens.vocabulary,
}
"""Arguments of a class that are no settings: what the program says of the corpus."""


def own_system(net: type["nn.Module"], *, recipe: str, **settings: Any) -> OwnSystem:
    """Make a system of an `nn.Module` class whose arguments have names.

    Each argument of the class is a field of the config, with the type of its annotation or of its
    default. Arguments named `task`, `num_emotions` and `vocabulary` are filled in for the corpus.
    The forward pass reads a batch of the recipe and returns logits (B, K).

    Args:
        net: The class. It stands at the top level of a module that is not the study file.
        recipe: How its inputs are prepared: "le", "dai", "xia" or "handcrafted".
        **settings: Arguments of the class, and fields that every system has: `modalities`,
            `tokens`, `waives`.

    Raises:
        OwnCodeError: If an argument cannot be a field.
    """
    return class_of(net, recipe)(**settings)


def class_of(net: type["nn.Module"], recipe: str) -> type[OwnSystem]:
    """Return the config class of an `nn.Module` class; equal calls return the same class.

    Raises:
        OwnCodeError: If an argument cannot be a field.
    """
    name = net.__qualname__
    label = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()
    own_name: Any = Literal[label]
    fields: dict[str, Any] = {"system": (own_name, label), **dict(_fields(net))}
    make: Callable[..., type[OwnSystem]] = create_model
    made = make(
        name, __base__=_base(net, recipe), __module__=net.__module__, __doc__=net.__doc__, **fields
    )
    known = find_class(made.code_of_class())
    return made if known is None else known


def _base(net: type["nn.Module"], its_recipe: str) -> type[OwnSystem]:
    """Make the class that knows the net; the fields are added to it."""

    class Wrapped(OwnSystem):
        recipe = its_recipe

        def build(self, task: "Task") -> "nn.Module":
            """Call the class with the settings, and with what is filled in."""
            return net(
                **{
                    name: FILLED[name](self, task) if name in FILLED else getattr(self, name)
                    for name in _arguments(net)
                }
            )

    return Wrapped


def _fields(net: type["nn.Module"]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the name, and the type and default, of each argument that is a setting."""
    try:
        hints = get_type_hints(net.__init__)
    except (NameError, TypeError):  # a name that is imported for type checkers alone
        hints = {}
    for name, argument in _arguments(net).items():
        if name in FILLED or name == "modalities":
            continue
        if name.startswith("_"):
            raise OwnCodeError(
                f"argument '{name}' of '{net.__qualname__}' begins with '_', so it cannot be a "
                "field; give it another name"
            )
        if hasattr(OwnSystem, name) or name in (*OwnSystem.model_fields, "recipe"):
            raise OwnCodeError(
                f"argument '{name}' of '{net.__qualname__}' has the name of what every system has; "
                "give it another name"
            )
        has_default = argument.default is not inspect.Parameter.empty
        of_default = type(argument.default) if has_default and argument.default is not None else Any
        kind = hints.get(name, JsonValue if of_default is Any else of_default)
        _check_json(name, kind, net)
        yield name, (kind, argument.default if has_default else ...)


def _arguments(net: type["nn.Module"]) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of a class that are given by name."""
    arguments = list(inspect.signature(net.__init__).parameters.values())[1:]
    for argument in arguments:
        if argument.kind is argument.POSITIONAL_ONLY:
            raise OwnCodeError(
                f"argument '{argument.name}' of '{net.__qualname__}' cannot be given by name"
            )
    return {
        one.name: one for one in arguments if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }


def _check_json(name: str, kind: Any, net: type["nn.Module"]) -> None:
    try:
        TypeAdapter(kind).json_schema()
    except PydanticUserError as error:
        raise OwnCodeError(
            f"argument '{name}' of '{net.__qualname__}' has the type {kind}, which JSON cannot "
            "hold; let it be a number, a text, True or False, or a list or mapping of such, and "
            "make of it what you need in __init__"
        ) from error
