"""The command that prints the schemas of JSON output, and which facts each command prints."""

import json
from importlib import import_module
from typing import Any, NamedTuple

import click

from corpora.errors import UserError, did_you_mean
from orchestrator.facts import Facts
from search_spaces.names import COLLECTION_NAMES, STUDY_NAMES


class FactsOf(NamedTuple):
    """The class of the facts that a command prints: its module and its name."""

    module: str
    name: str

    def load(self) -> type[Facts]:
        """Import the class."""
        found: type[Facts] = getattr(import_module(f"orchestrator.{self.module}"), self.name)
        return found


SCHEMAS = {
    "STUDY": FactsOf("inventory.sweeps", "SweepFacts"),
    "run": FactsOf("inventory.sweeps", "SweepFacts"),
    "list": FactsOf("inventory.studies", "ListFacts"),
    "show STUDY": FactsOf("inventory.studies", "StudiesFacts"),
    "show CORPUS": FactsOf("inventory.studies", "CorpusFacts"),
    "show TRIAL": FactsOf("status.trial_facts", "TrialFacts"),
    "plan": FactsOf("inventory.plans", "PlanFacts"),
    "status": FactsOf("status.facts", "StatusFacts"),
    "verdict STUDY": FactsOf("inventory.verdicts", "VerdictsFacts"),
    "predict": FactsOf("kept_models.clips.facts", "PredictionFacts"),
    "report": FactsOf("commands.report", "ReportFacts"),
    "doctor": FactsOf("commands.doctor", "DoctorFacts"),
    "diff": FactsOf("upkeep.diff", "DiffFacts"),
    "du": FactsOf("upkeep.usage", "UsageFacts"),
    "gc": FactsOf("upkeep.collected", "CollectedFacts"),
    "merge": FactsOf("upkeep.merged", "MergedFacts"),
}
"""By command; `show` prints one of three."""

DESCRIBED = {
    "lint-paper": "docs/lint.md",
    "verdict RESULTS.csv": "docs/verdict.md",
}
"""Commands whose JSON is described on a page."""


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON schema of what a command prints with `--json`.

    Raises:
        UserError: If there is no such command, or its JSON is described on a page.
    """
    if name in (*STUDY_NAMES, *COLLECTION_NAMES):
        name = "STUDY"
    if name in DESCRIBED:
        raise UserError(f"'{name}': its JSON is described in {DESCRIBED[name]}")
    if name not in SCHEMAS:
        raise UserError(
            f"'{name}': no such output; {did_you_mean(name, SCHEMAS)}choose from "
            f"{', '.join(SCHEMAS)}"
        )
    return SCHEMAS[name].load().model_json_schema(mode="serialization")


@click.command("schema")
@click.argument("command", nargs=-1, required=True)
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON schema of what COMMAND prints with --json.

    COMMAND is such as `plan` or `show TRIAL`. Every study has the schema of `STUDY`.
    """
    click.echo(json.dumps(schema_of(" ".join(command)), indent=2, ensure_ascii=False))
