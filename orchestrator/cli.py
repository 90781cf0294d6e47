"""The command line."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

import click
from rich.console import Console

from corpora.clip_folder import read_clips
from corpora.errors import CorpusError
from corpora.prepared import prepared_names, read_manifest
from corpora.recipe import LE
from corpora.utterance import SYNTHETIC
from models.weights import WeightsError
from orchestrator.corpus_setup import ensure_corpus, identify_corpus, prepare_source
from orchestrator.plan import default_scale, make_plan
from orchestrator.run_studies import run_studies
from orchestrator.show import corpus_view, plan_view, studies_table, study_view
from orchestrator.storage import (
    DEFAULT_STORAGE,
    StorageError,
    locate_storage,
    open_storage,
    tracking_uri_of,
)
from reports.ledger import Ledger, LedgerError
from search_spaces.catalogue import STUDIES, find_study, load_studies
from search_spaces.errors import StudyError
from search_spaces.study import Scale, Study

USER_ERRORS = (CorpusError, LedgerError, StorageError, StudyError, WeightsError)
EXIT_FAILED_TRIALS, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130

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
tracking_option = click.option(
    "--tracking-uri",
    envvar="MLFLOW_TRACKING_URI",
    help="MLflow to mirror to  [default: an SQLite file in the storage folder]",
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


def sweep_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a sweep."""
    slots = click.option(
        "--slots", type=click.IntRange(min=1), help="Trials at once.  [default: GPUs, else cores]"
    )
    return plan_options(tracking_option(slots(command)))


@click.group(cls=ChoiceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mmer-sweep")
def cli() -> None:
    """Ablation studies of multimodal emotion recognition: from media files to the paper's table."""


def study_command(study: Study) -> click.Command:
    """Make the command that runs a built-in study."""

    @click.command(study.name, help=f"Run: {study.title}.")
    @sweep_options
    def run_study(**options: Any) -> None:
        sweep_studies([study], **options)

    return run_study


@cli.command("run")
@click.argument("file", type=click.Path(path_type=Path))
@sweep_options
def run_file(file: Path, **options: Any) -> None:
    """Run the studies that a Python FILE defines."""
    sweep_studies(load_studies(file), **options)


def sweep_studies(
    studies: Sequence[Study],
    *,
    corpus: str,
    seeds: int | None,
    scale: Scale | None,
    storage: Path,
    tracking_uri: str | None,
    slots: int | None,
) -> None:
    """Run studies, and exit with a status that says whether all their trials are finished."""
    opened = open_storage(storage)
    end = run_studies(
        studies,
        corpus=corpus,
        scale=scale or default_scale(corpus),
        num_seeds=seeds,
        storage=opened,
        tracking_uri=tracking_uri_of(tracking_uri, opened),
        num_slots=slots,
        console=console,
    )
    if end.num_left:
        raise KeyboardInterrupt
    if end.num_failed:
        sys.exit(EXIT_FAILED_TRIALS)


@cli.command("list")
@storage_option
def list_all(storage: Path) -> None:
    """List the studies and the prepared corpora."""
    console.print(studies_table(STUDIES.values()))
    names = [SYNTHETIC, *(name for name in prepared_names(storage) if name != SYNTHETIC)]
    console.print(f"\nCorpora: {', '.join(names)}")


@cli.command("show")
@click.argument("name")
@storage_option
def show(name: str, storage: Path) -> None:
    """Show a study's rows, or what a prepared corpus holds."""
    if name in STUDIES:
        console.print(study_view(STUDIES[name]))
    elif name in prepared_names(storage):
        console.print(corpus_view(read_manifest(storage, name)))
    else:
        raise StudyError(
            f"'{name}' is no study and no prepared corpus; studies: {', '.join(STUDIES)}; "
            f"corpora: {', '.join(prepared_names(storage)) or 'none yet'}"
        )


@cli.command("plan")
@click.argument("studies", nargs=-1, required=True)
@plan_options
def plan(
    studies: tuple[str, ...], corpus: str, seeds: int | None, scale: Scale | None, storage: Path
) -> None:
    """Show what STUDIES (names or Python files) would train and what is finished."""
    found = [study for name in dict.fromkeys(studies) for study in _studies_of(name)]
    identity = identify_corpus(corpus, storage)
    ledger = Ledger(storage)
    plans = [
        make_plan(study, identity, scale or default_scale(corpus), seeds, ledger) for study in found
    ]
    console.print(plan_view(plans))


def _studies_of(name: str) -> list[Study]:
    return load_studies(Path(name)) if name.endswith(".py") else [find_study(name)]


@cli.group(cls=ChoiceGroup)
def prepare() -> None:
    """Prepare a corpus: decode, find faces, make spectrograms, once."""


@prepare.command("clips")
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the video files and the CSV.",
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="[default: the only one]")
@click.option("--name", help="Name of the corpus.  [default: the folder's]")
@storage_option
def prepare_clips(source: Path, csv_file: Path | None, name: str | None, storage: Path) -> None:
    """Prepare a folder of video files.

    The CSV has the columns utterance, file, start, end (seconds), text, split (train, valid, test)
    or speaker, and one column of 0 and 1 for each emotion.
    """
    name = source.resolve().name if name is None else name
    _check_corpus_name(name)
    clips = read_clips(source, csv_file)
    manifest = prepare_source(clips, LE, name=name, storage=open_storage(storage), console=console)
    console.print(corpus_view(manifest))
    next_command = ["mmer-sweep", "layers", "--corpus", name]
    if storage != locate_storage(Path(DEFAULT_STORAGE)):
        next_command += ["--storage", str(storage)]
    console.print(f"\nNow: {shlex.join(next_command)}", soft_wrap=True)


def _check_corpus_name(name: str) -> None:
    """Make sure that a name can be shown, names a folder, and names nothing else yet."""
    taken = name in (SYNTHETIC, *STUDIES)
    names_folder = name.strip() and name.isprintable() and "/" not in name
    if taken or not names_folder or name.startswith((".", "-")):
        raise CorpusError(f"a corpus cannot have the name {name!r}; choose another with --name")


@prepare.command("synthetic")
@storage_option
def prepare_synthetic(storage: Path) -> None:
    """Make the synthetic corpus; studies also make it when they need it."""
    console.print(corpus_view(ensure_corpus(SYNTHETIC, open_storage(storage), console)))


@cli.command("ui")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@storage_option
@tracking_option
def ui(port: int, storage: Path, tracking_uri: str | None) -> None:
    """Open MLflow's web page on this machine; end it with Ctrl-C."""
    opened = open_storage(storage)
    uri = tracking_uri_of(tracking_uri, opened)
    server = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    console.print(f"MLflow of {uri} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    status = subprocess.run([*server, *where], env=os.environ | quiet, check=False).returncode
    sys.exit(status)


for built_in in STUDIES.values():
    cli.add_command(study_command(built_in))


def main() -> NoReturn:
    """Run the command line; bad input and interruption end with a message, not a traceback."""
    try:
        sys.exit(cli(prog_name="mmer-sweep", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except USER_ERRORS as error:
        errors.print(f"error: {error}", style="red")
        sys.exit(EXIT_BAD_INPUT)
    except OSError as error:  # a full disk, a folder that is no longer there
        errors.print(f"error: {error}", style="red")
        sys.exit(EXIT_FAILED_TRIALS)
    except (KeyboardInterrupt, click.Abort):
        errors.print("\nStopped. The same command goes on where this one ended.")
        sys.exit(EXIT_INTERRUPTED)
