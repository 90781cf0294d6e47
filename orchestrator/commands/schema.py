"""The command that prints the schemas of JSON output."""

import json

import click

from orchestrator.inventory.schemas import schema_of


@click.command("schema")
@click.argument("command", nargs=-1, required=True)
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON schema of what COMMAND prints with --json.

    COMMAND is such as `plan` or `show TRIAL`. Every study has the schema of `STUDY`.
    """
    click.echo(json.dumps(schema_of(" ".join(command)), indent=2, ensure_ascii=False))
