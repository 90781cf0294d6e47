"""The commands about printed numbers: one checks them, one begins a file of them."""

import json
import sys
from pathlib import Path

import click

from orchestrator.terminal import console
from reports.lint.checks import lint
from reports.lint.view import lint_view, to_json
from search_spaces.errors import PublishedError
from search_spaces.printed.draft import CHECK, draft
from search_spaces.printed.grid import read_grid
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


@click.group("init")
def init() -> None:
    """Write the beginning of a file of your own."""


@init.command("published")
@click.argument("table", type=click.Path(path_type=Path), metavar="TABLE.csv|TABLE.tex")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write.  [default: TABLE.yaml in this folder]",
)
def init_published(table: Path, out: Path | None) -> None:
    """Turn a table into a file of printed values.

    The first tabular of a LaTeX file is read, or a CSV with one line of headers. What could not be
    read, or was guessed, is marked in the file. docs/lint.md describes its form.
    """
    made = draft(read_grid(table), table.stem, table.name)
    out = out or Path(f"{table.stem}.yaml")
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(made.text)
    except FileExistsError as error:
        raise PublishedError(f"{out}: exists; name another file with --out") from error
    except OSError as error:
        raise PublishedError(f"{out}: cannot be written: {error.strerror}") from error
    console.print(
        f"{out}: {made.num_rows} rows, {made.num_columns} columns; {made.num_marks} lines say "
        f"'{CHECK.strip(' #:')}'",
        soft_wrap=True,
        markup=False,
    )
    read_published(out)
