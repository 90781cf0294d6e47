"""The page of JSON output: the fields of what each command prints with `--json`."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.commands.schema import DESCRIBED, SCHEMAS, schema_of

Schema = Mapping[str, Any]


def json_page() -> str:
    """Describe the objects that commands print, each class once."""
    return "\n\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    yield "# JSON output"
    yield (
        "This page is made from the program. `mmer-sweep schema COMMAND` prints the same as JSON "
        "Schema. [From scripts and agents](../scripts.md) says how output, exit status and "
        "commands go together."
    )
    yield "\n".join(
        f"- `{name}`: described in [{page.removeprefix('docs/')}](../{page.removeprefix('docs/')})"
        for name, page in DESCRIBED.items()
    )
    known: set[str] = set()
    for command in SCHEMAS:
        schema = schema_of(command)
        yield f"## {command}"
        yield f"A `{schema['title']}`."
        classes = {schema["title"]: schema, **schema.get("$defs", {})}
        for name, one in classes.items():
            if name not in known and "properties" in one:
                known.add(name)
                yield from _class(name, one)


def _class(name: str, schema: Schema) -> Iterator[str]:
    yield f"### {name}"
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for field, one in schema["properties"].items():
        meaning = " ".join(one.get("description", "").split())
        lines.append(f"| `{field}` | {_type(one)} | {meaning} |".replace("<", "\\<"))
    yield "\n".join(lines)


def _type(schema: Schema) -> str:
    """Name the type of a field in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema or "oneOf" in schema:
        options = schema.get("anyOf") or schema["oneOf"]
        return " or ".join(dict.fromkeys(map(_type, options)))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        items = schema.get("items") or {}
        return f"list of {_type(items)}" if items else "list"
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))
