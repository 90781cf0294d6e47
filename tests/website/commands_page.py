"""The page of the command line: what `--help` says of every command, made from the commands."""

from collections.abc import Iterator
from inspect import cleandoc

import click

from orchestrator.cli import SECTIONS, cli
from search_spaces.catalogue import COLLECTIONS, STUDIES

PROGRAM = "mmer-sweep"
MARKS = str.maketrans({mark: f"\\{mark}" for mark in "*<[]|"})
"""Characters of a help text that Markdown would take for its own."""


def commands_page() -> str:
    """Describe every command in the groups of `--help`; the built-in studies share one command."""
    return "\n\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    context = click.Context(cli, info_name=PROGRAM)
    yield "# Commands"
    yield "This page is made from the program: it says what `--help` says."
    for title, commands in SECTIONS.items():
        yield f"## {title}"
        if title == next(iter(SECTIONS)):
            yield from _built_in(context)
        for name in commands:
            found = cli.get_command(context, name)
            assert found is not None
            yield from describe(found, click.Context(found, info_name=name, parent=context))


def _built_in(context: click.Context) -> Iterator[str]:
    name = next(iter(STUDIES))
    command = cli.get_command(context, name)
    assert command is not None
    yield f"### {PROGRAM} STUDY"
    yield "Run a built-in study, or several that share trials."
    yield from _usage(click.Context(command, info_name="STUDY", parent=context))
    studies = [f"- `{name}`: {study.title}" for name, study in STUDIES.items()]
    several = [
        f"- `{name}`: {', '.join(study.name for study in found)}"
        for name, found in COLLECTIONS.items()
    ]
    yield "\n".join([*studies, *several])
    yield from _options(click.Context(command, info_name="STUDY", parent=context))


def describe(command: click.Command, context: click.Context) -> Iterator[str]:
    """Describe a command, then each command below it."""
    yield f"### {context.command_path}"
    yield as_text(cleandoc(command.help or ""))
    yield from _usage(context)
    yield from _options(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from describe(found, click.Context(found, info_name=name, parent=context))


def _usage(context: click.Context) -> Iterator[str]:
    pieces = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    yield f"```text\n{pieces}\n```"


def _options(context: click.Context) -> Iterator[str]:
    """List the options as in the help; the usage already tells of arguments without help."""
    for option in context.command.get_params(context):
        record = option.get_help_record(context)
        is_told = isinstance(option, click.Argument) and record is not None and not record[1]
        if record is not None and option.name != "help" and not is_told:
            yield f"`{record[0]}`\n:   {as_text(record[1])}"


def as_text(text: str) -> str:
    """Keep Markdown from reading a text as more than code and paragraphs."""
    pieces = text.replace("\b", "").split("`")
    return "`".join(
        piece if place % 2 else piece.translate(MARKS) for place, piece in enumerate(pieces)
    )
