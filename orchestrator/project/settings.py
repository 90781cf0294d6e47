"""The values that a command uses, and where each comes from."""

from collections.abc import Mapping
from typing import Literal

import click
from click.core import ParameterSource

from orchestrator.facts import Facts
from orchestrator.redaction import without_secrets

Origin = Literal["command line", "environment", "file", "default"]

ORIGINS: Mapping[ParameterSource | None, Origin] = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "file",
}


class Setting(Facts):
    """A value of an option."""

    name: str
    """The option, as in `tracking-uri`."""
    value: str | int | float | bool | None
    """What a sweep would use; null if the program chooses by what it finds."""
    origin: Origin
    """Who chose the value; `file` is that of the project."""


def settings_of(context: click.Context, names: Mapping[str, str]) -> list[Setting]:
    """Return the settings of a command.

    Args:
        context: The command, with its arguments read.
        names: The options by the names of their arguments.
    """
    return [
        Setting(
            name=name,
            value=_shown(context.params[argument]),
            origin=ORIGINS.get(context.get_parameter_source(argument), "default"),
        )
        for argument, name in names.items()
    ]


def _shown(value: object) -> str | int | float | bool | None:
    """Return a value without credentials; what an option made of `auto` is that word again."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return without_secrets(value) if isinstance(value, str) else "auto"
