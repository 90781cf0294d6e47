"""The command line: its commands, and how an error ends a command.

A command's module is imported only when the command runs or shows its help: PyTorch, Ray, MLflow
and pandas take seconds to load, and most commands need none of them.
"""

import io
import signal
import sys
from importlib import import_module
from typing import NamedTuple, NoReturn

import click

from corpora.errors import UserError, did_you_mean
from orchestrator.cluster.stop_signals import EXIT_FAILED_TRIALS, Terminated, raise_terminated
from orchestrator.errors import LostRayError, say_system_error
from orchestrator.project.default_map import default_map_of
from orchestrator.project.fields import OF_ALL_COMMANDS, Value
from orchestrator.project.read import Project, ProjectError, read_project
from search_spaces.names import COLLECTION_NAMES, STUDY_NAMES

EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_TERMINATED = 2, 130, 143
HELP_OPTIONS = ["-h", "--help"]


class Entry(NamedTuple):
    """A command: where its code is, and what it does. `help` is the beginning of its own help.

    `needs_project` is false if the command also runs where the file of the project is wrong.
    `is_of_sweeps` is true if the options that it shares with sweeps mean the same: then all values
    of that file count. Elsewhere `--models` may remove models, or `--corpus` hide results.
    """

    module: str
    name: str
    help: str
    needs_project: bool = True
    is_of_sweeps: bool = False


FOR_ALL = ("--quiet", "--plain")
"""The flags for all commands; they may stand before the command or behind it."""

SECTIONS: dict[str, dict[str, Entry]] = {
    "Run a study": {
        "run": Entry(
            "run", "run_file", "Run the studies that a Python FILE defines.", is_of_sweeps=True
        ),
        "tune": Entry("tune", "tune", "Search a SPACE for its best model.", is_of_sweeps=True),
    },
    "Look before": {
        "list": Entry("show", "list_all", "List the studies, the spaces and the prepared corpora."),
        "show": Entry(
            "show",
            "show",
            "Show a study's rows, a prepared corpus, or all about one trial.",
        ),
        "plan": Entry(
            "plan",
            "plan",
            "Show what STUDIES would train, what that costs, and what it can decide.",
            is_of_sweeps=True,
        ),
        "lint-paper": Entry(
            "numbers.printed",
            "lint_paper",
            "Check whether the numbers that papers print agree with each other.",
        ),
    },
    "Look while it runs": {
        "status": Entry(
            "status", "status", "Show which sweeps run, how far studies are, and what failed."
        ),
    },
    "Begin": {
        "doctor": Entry(
            "doctor",
            "doctor",
            "Look whether this machine has what a sweep needs.",
            needs_project=False,
            is_of_sweeps=True,
        ),
        "init": Entry(
            "init", "init", "Write the beginning of a file of your own.", needs_project=False
        ),
    },
    "Look after": {
        "report": Entry("report", "report", "Write a PDF and an HTML file about studies."),
        "verdict": Entry(
            "numbers.verdict",
            "verdict",
            "Judge claims, of a study or about results that others made.",
        ),
        "diff": Entry("upkeep.diff", "diff", "Compare studies A and B."),
    },
    "Storage": {
        "du": Entry("upkeep.space", "du", "Show what takes the space of a storage."),
        "gc": Entry("upkeep.space", "gc", "Free space: list what can go, and remove it."),
        "export": Entry(
            "upkeep.ledgers", "export", "Write scores to a table, or the ledger to a folder."
        ),
        "merge": Entry(
            "upkeep.ledgers", "merge", "Take in the finished trials and plans of OTHER storage."
        ),
    },
    "For programs": {
        "schema": Entry(
            "schema", "schema", "Print the JSON schema of what COMMAND prints with --json."
        ),
    },
    "Corpora": {
        "prepare": Entry("preparing.prepare", "prepare", "Prepare a corpus."),
    },
    "Models": {
        "predict": Entry(
            "predict", "predict", "Predict the emotions of a CLIP.", is_of_sweeps=True
        ),
    },
    "MLflow": {
        "ui": Entry("tracking.ui", "ui", "Open MLflow's web page on this machine."),
        "sync": Entry("tracking.sync", "sync", "Deliver to MLflow what it missed."),
        "pull": Entry("tracking.sync", "pull", "Rebuild a ledger from MLflow."),
    },
}
"""The commands besides the studies, in the groups in which `--help` shows them."""

COMMANDS = {name: place for section in SECTIONS.values() for name, place in section.items()}


class CommandLine(click.Group):
    """A group of commands that imports each one when it is used; every built-in study is one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the flags for all commands also behind the command, unless it has its own."""
        name = next((one for one in args if not one.startswith("-")), "")
        command = self.get_command(ctx, name)
        own = {option for one in command.params for option in one.opts} if command else set()
        flags = [one for one in args if one in FOR_ALL and one not in own]
        return super().parse_args(ctx, [*flags, *(one for one in args if one not in flags)])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return [*COMMANDS, *STUDY_NAMES, *COLLECTION_NAMES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name in COMMANDS:
            place = COMMANDS[cmd_name]
            module = import_module(f"orchestrator.commands.{place.module}")
            found: click.Command = getattr(module, place.name)
            return found
        if cmd_name in (*STUDY_NAMES, *COLLECTION_NAMES):
            from orchestrator.commands.run import study_command

            return study_command(cmd_name)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; the error about an unknown one lists the choices."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            raise UserError(
                f"'{args[0]}' is neither a study nor a command of {ctx.command_path}; "
                f"{did_you_mean(args[0], self.list_commands(ctx))}"
                f"studies: {', '.join((*STUDY_NAMES, *COLLECTION_NAMES))}; "
                f"commands: {', '.join(COMMANDS)}"
            )
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and command is not None:
            values = _values_for(name, _project_for(name, rest))
            ctx.default_map = {name: default_map_of(command, values, ctx)}
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in groups, and the studies by name."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                lines = [(name, place.help) for name, place in commands.items()]
                if title == "Run a study":
                    lines.insert(0, ("STUDY", "Run a built-in study, or one of the papers below."))
                formatter.write_dl(lines)
        with formatter.section("Built-in studies (`list` has their titles)"):
            formatter.write_text(", ".join(STUDY_NAMES))
        with formatter.section("Several studies, each shared trial trained once"):
            formatter.write_text(", ".join(COLLECTION_NAMES))


def _project_for(command: str, arguments: list[str]) -> Project:
    """Read the file of the project; help and some commands do without it if it is wrong."""
    try:
        return read_project()
    except ProjectError:
        needs_it = command not in COMMANDS or COMMANDS[command].needs_project
        if needs_it and not set(HELP_OPTIONS) & set(arguments):
            raise
    return Project()


def _values_for(command: str, project: Project) -> dict[str, Value]:
    """Choose what counts for a command; every built-in study is a sweep."""
    if command not in COMMANDS or COMMANDS[command].is_of_sweeps:
        return project.values
    return {name: value for name, value in project.values.items() if name in OF_ALL_COMMANDS}


@click.group(cls=CommandLine, context_settings={"help_option_names": HELP_OPTIONS})
@click.version_option(package_name="mmer-sweep")
@click.option(
    "--quiet",
    is_flag=True,
    envvar="MMER_SWEEP_QUIET",
    show_envvar=True,
    help="Print errors, and what --json asks for; nothing else.",
)
@click.option(
    "--plain",
    is_flag=True,
    envvar="MMER_SWEEP_PLAIN",
    show_envvar=True,
    help="Print lines without colour, and nothing that moves.",
)
@click.pass_context
def cli(ctx: click.Context, quiet: bool, plain: bool) -> None:
    """Ablation studies of multimodal emotion recognition: from media files to the paper's table."""
    if quiet or plain:
        from orchestrator.terminal import modes

        ctx.with_resource(modes(quiet=quiet, plain=plain))


def main() -> NoReturn:
    """Run the command line; bad input and interruption print a message, not a traceback."""
    signal.signal(signal.SIGTERM, raise_terminated)
    _print_what_the_terminal_lacks()
    try:
        sys.exit(cli(prog_name="mmer-sweep", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UserError as error:
        _print_error(f"error: {error}", style="red")
        sys.exit(EXIT_FAILED_TRIALS if isinstance(error, LostRayError) else EXIT_BAD_INPUT)
    except OSError as error:  # such as a full disk, or a folder that was removed
        _print_error(f"error: {say_system_error(error)}", style="red")
        sys.exit(EXIT_FAILED_TRIALS)
    except (KeyboardInterrupt, click.Abort) as stop:
        _print_error("\nStopped. Run the same command again to continue from here.")
        is_terminated = isinstance(stop, Terminated) or isinstance(stop.__cause__, Terminated)
        sys.exit(EXIT_TERMINATED if is_terminated else EXIT_INTERRUPTED)


def _print_what_the_terminal_lacks() -> None:
    """Let characters that the terminal cannot show, such as ±, be replaced instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not if it is closed
            stream.reconfigure(errors="replace")


def _print_error(text: str, *, style: str | None = None) -> None:
    from orchestrator.redaction import without_secrets
    from orchestrator.terminal import errors

    errors.print(without_secrets(text), style=style)
