"""The command that checks printed numbers."""

import json
import sys
from pathlib import Path

import click

from orchestrator.terminal import console
from reports.lint.checks import lint
from reports.lint.view import lint_view, to_json
from search_spaces.printed.published import load_published
from search_spaces.printed.read import read_published

EXIT_FINDINGS = 1


@click.command("lint-paper")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--strict", is_flag=True, help=f"Exit with {EXIT_FINDINGS} if there is a finding.")
def lint_paper(file: Path | None, as_json: bool, strict: bool) -> None:
    """Check whether the numbers that papers print agree with each other.

    FILE holds tables of your own in YAML. Without it, the command checks the built-in papers.
    docs/lint.md describes the format and the checks.
    """
    found = lint(read_published(file) if file else load_published())
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2, ensure_ascii=False))
    else:
        console.print(lint_view(found))
    if strict and found.findings:
        sys.exit(EXIT_FINDINGS)
