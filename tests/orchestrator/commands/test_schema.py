import json
from typing import Any

import click
import pytest
from click.testing import CliRunner

from corpora.errors import UserError
from orchestrator.cli import COMMANDS, cli
from orchestrator.commands.schema import DESCRIBED, SCHEMAS, schema, schema_of
from orchestrator.facts import Facts
from search_spaces.names import STUDY_NAMES

FOUND = {one.name: one.load() for one in SCHEMAS.values()}


def prints_json(name: str) -> bool:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    return any("--json" in one.opts for each in commands for one in each.params)


def test_every_command_that_prints_json_has_a_schema_or_a_page() -> None:
    with_json = {name for name in COMMANDS if prints_json(name)}
    known = {name.split()[0] for name in (*DESCRIBED, *SCHEMAS)}
    assert with_json == known - {"STUDY"}
    assert prints_json(STUDY_NAMES[0])


def facts_below(schema_: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """List the classes of facts in a schema, with their fields."""
    classes = {schema_["title"]: schema_, **schema_.get("$defs", {})}
    known = {one.__name__ for one in Facts.__subclasses__()}
    return [(name, one["properties"]) for name, one in classes.items() if name in known]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_documented(name: str) -> None:
    for title, fields in facts_below(schema_of(name)):
        without = [field for field, one in fields.items() if not one.get("description")]
        assert not without, title


def test_schema_is_printed_by_command() -> None:
    printed = CliRunner().invoke(schema, ["show", "TRIAL"], catch_exceptions=False)
    assert json.loads(printed.stdout)["title"] == "TrialFacts"
    assert schema_of("layers") == schema_of("STUDY")
    with pytest.raises(UserError, match="no such output; did you mean 'plan'"):
        schema_of("plans")
    with pytest.raises(UserError, match=r"its JSON is described in docs/verdict\.md"):
        schema_of("verdict RESULTS.csv")
