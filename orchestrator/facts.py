"""What commands print with `--json`: one object each, whose fields are documented."""

import click
from pydantic import BaseModel, ConfigDict


class Facts(BaseModel):
    """The base of all JSON objects that commands print.

    A class documents each field with a string below it: that string is in the schema. Fields may
    be added later; none is renamed or removed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def print_facts(facts: Facts) -> None:
    """Print facts to standard output as one JSON object."""
    click.echo(facts.model_dump_json(indent=2))
