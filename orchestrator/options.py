"""What commands share: their options, where they print, and how a group names its choices."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from corpora.utterance import SYNTHETIC
from orchestrator.storage import DEFAULT_STORAGE, locate_storage
from search_spaces.catalogue import STUDIES
from search_spaces.errors import StudyError
from search_spaces.study import Scale

# What is printed may hold a user's names, in which brackets are no markup.
console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


class ChoiceGroup(click.Group):
    """Commands; one for every built-in study among them."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; an unknown one is told with the choices."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            studies = [name for name in self.commands if name in STUDIES]
            commands = [name for name in self.commands if name not in STUDIES]
            raise StudyError(
                f"'{args[0]}' is no study and no command of {ctx.command_path}; "
                + (f"studies: {', '.join(studies)}; " if studies else "")
                + f"commands: {', '.join(commands)}"
            )
        return super().resolve_command(ctx, args)


storage_option = click.option(
    "--storage",
    type=click.Path(path_type=Path),
    callback=lambda _context, _option, path: locate_storage(path),
    default=DEFAULT_STORAGE,
    envvar="MMER_SWEEP_STORAGE",
    show_default=True,
    help="Folder of corpora, records, tables and MLflow's files.",
)


def plan_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which trials a study needs."""
    options = (
        click.option("--corpus", default=SYNTHETIC, show_default=True, help="A prepared corpus."),
        click.option(
            "--seeds", type=click.IntRange(min=1), help="Seeds 0 to N - 1.  [default: the study's]"
        ),
        click.option(
            "--scale",
            type=click.Choice(get_args(Scale)),
            help="Model sizes.  [default: paper for the papers' corpora, else tiny]",
        ),
        storage_option,
    )
    for option in reversed(options):
        command = option(command)
    return command
