"""The command that begins files of a user: studies, spaces, corpora, printed values."""

import shlex
from pathlib import Path

import click

from orchestrator.beginnings.write import write_corpus, write_file
from orchestrator.terminal import console
from search_spaces.errors import PublishedError
from search_spaces.printed.draft import CHECK, draft
from search_spaces.printed.grid import read_grid
from search_spaces.printed.read import read_published

TABLE_SUFFIXES = (".csv", ".tex")

name_argument = click.argument("name", type=click.Path(path_type=Path), metavar="NAME")


@click.group("init")
def init() -> None:
    """Write the beginning of a file of your own."""


@init.command("study")
@name_argument
def init_study(name: Path) -> None:
    """Write a study that runs as it is: NAME.py."""
    file = write_file("study", name)
    _tell(f"{file}: three rows, three seeds, one claim", "run", str(file))


@init.command("space")
@name_argument
def init_space(name: Path) -> None:
    """Write a space that can be searched as it is: NAME.py."""
    file = write_file("space", name)
    _tell(f"{file}: five fields of one system", "tune", str(file), "--trials", "20")


@init.command("corpus")
@name_argument
def init_corpus(name: Path) -> None:
    """Write a folder of a few drawn clips with their CSV: NAME."""
    with console.status("drawing and voicing the clips"):
        write_corpus(name)
    _tell(
        f"{name}: clips.csv, its media, and README.txt, which says what the columns are",
        *("prepare", "clips", "--source", str(name), "--recipe", "le"),
    )


@init.command("published")
@click.argument("table", type=click.Path(path_type=Path), metavar="NAME|TABLE.csv|TABLE.tex")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write, if a TABLE is read.  [default: TABLE.yaml in this folder]",
)
def init_published(table: Path, out: Path | None) -> None:
    """Write a file of printed values, or turn a table into one.

    With a NAME, NAME.yaml is a file of invented values. Of a LaTeX file the first tabular is read,
    of a CSV one line of headers and the lines below. What could not be read, or was guessed, is
    marked in the file. docs/lint.md describes its form.
    """
    if table.suffix.lower() in TABLE_SUFFIXES or table.is_file():
        _turn(table, out or Path(f"{table.stem}.yaml"))
        return
    if out is not None:
        raise click.UsageError("'--out' needs a TABLE.csv or a TABLE.tex; leave it out")
    file = write_file("published", table)
    _tell(f"{file}: one table, one claim", "lint-paper", str(file))


def _turn(table: Path, out: Path) -> None:
    made = draft(read_grid(table), table.stem, table.name)
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
    )
    read_published(out)


def _tell(what: str, *command: str) -> None:
    """Say what was written, and which command it is for."""
    console.print(what, soft_wrap=True)
    console.print(f"Now: {shlex.join(['mmer-sweep', *command])}", soft_wrap=True)
