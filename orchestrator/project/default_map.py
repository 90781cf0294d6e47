"""Which options of a command a project's file sets."""

from collections.abc import Mapping

import click

from orchestrator.project.fields import Value


def default_map_of(
    command: click.Command, values: Mapping[str, Value], context: click.Context
) -> dict[str, object]:
    """Return click's map of defaults for a command, or for the commands of a group.

    A value counts for each option of its name that accepts it. So `device = "auto"` says nothing to
    `predict`, which knows `cpu` and `cuda`.
    """
    if isinstance(command, click.Group):
        found = (
            (name, command.get_command(context, name)) for name in command.list_commands(context)
        )
        return {name: default_map_of(one, values, context) for name, one in found if one}
    return {
        option.name: values[option.name]
        for option in command.params
        if option.name in values and _accepts(option, values[option.name])
    }


def _accepts(option: click.Parameter, value: Value) -> bool:
    try:
        option.type.convert(value, option, None)
    except click.BadParameter:
        return False
    return True
