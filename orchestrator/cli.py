"""The command line."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from corpora.source.errors import CorpusError
from corpora.source.utterance import SYNTHETIC
from corpora.store.prepared import prepared_names
from models.weights.errors import WeightsError
from orchestrator.cluster.machines import Device, Machines
from orchestrator.cluster.stop_signals import (
    EXIT_FAILED_TRIALS,
    Terminated,
    end_as,
    raise_terminated,
)
from orchestrator.commands.lint import lint_paper
from orchestrator.commands.options import (
    ChoiceGroup,
    choose_prices,
    choose_seeds,
    console,
    errors,
    log_models_option,
    machine_options,
    measure_options,
    plan_options,
    storage_option,
    tracking_option,
)
from orchestrator.commands.plan import plan
from orchestrator.commands.predict import predict
from orchestrator.commands.prepare import prepare
from orchestrator.commands.report import report
from orchestrator.commands.show import studies_table, study_view
from orchestrator.commands.sync import pull, sync
from orchestrator.commands.tune import tune
from orchestrator.corpus.view import MAX_SAMPLES, NUM_SAMPLES, show_corpus
from orchestrator.errors import (
    ClusterError,
    FitError,
    KeptModelError,
    PriceError,
    ProbeError,
    TrackingError,
)
from orchestrator.kept_models.choose import TrialChoiceError
from orchestrator.storage.folder import StorageError, open_storage, tracking_uri_of
from orchestrator.sweep.studies import run_studies
from orchestrator.tracking.session import mirrored_to_mlflow
from reports.ledger.ledger import LedgerError
from reports.verdicts.adaptive_seeds import Seeds
from search_spaces.catalogue import COLLECTIONS, SPACES, STUDIES, load_studies
from search_spaces.errors import PublishedError, StudyError
from search_spaces.study import Study
from search_spaces.terms import Scale

USER_ERRORS = (
    ClusterError,
    CorpusError,
    FitError,
    KeptModelError,
    LedgerError,
    PriceError,
    ProbeError,
    PublishedError,
    StorageError,
    StudyError,
    TrackingError,
    TrialChoiceError,
    WeightsError,
)
EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_TERMINATED = 2, 130, 143


def sweep_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a sweep."""
    models = click.option(
        "--models/--no-models",
        default=True,
        show_default=True,
        help="Keep each trained model, for `predict`: 4 bytes a parameter.",
    )
    return plan_options(
        tracking_option(machine_options(measure_options(models(log_models_option(command)))))
    )


@click.group(cls=ChoiceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mmer-sweep")
def cli() -> None:
    """Ablation studies of multimodal emotion recognition: from media files to the paper's table."""


def study_command(name: str, title: str, studies: Sequence[Study]) -> click.Command:
    """Make the command that runs a built-in study, or several that share trials."""

    @click.command(name, help=f"Run: {title}.")
    @sweep_options
    def run_built_in(**options: Any) -> None:
        sweep_studies(studies, **options)

    return run_built_in


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
    seeds: Seeds,
    max_seeds: int | None,
    scale: Scale | None,
    storage: Path,
    tracking_uri: str | None,
    address: str | None,
    device: Device,
    slots: int | None,
    deterministic: bool,
    measure: bool,
    cluster_file: Path | None,
    models: bool,
    log_models: float,
) -> None:
    """Run studies, and exit with a status that says whether all their trials are finished."""
    prices = choose_prices(cluster_file, measure=measure, address=address)
    opened = open_storage(storage)
    uri = tracking_uri_of(tracking_uri, opened)
    with mirrored_to_mlflow(opened, uri, console, max_model_mib=log_models) as mirror:
        end = run_studies(
            studies,
            corpus=corpus,
            scale=scale,
            seeds=choose_seeds(seeds, max_seeds),
            storage=opened,
            mirror=mirror,
            machines=Machines(address, device, slots, is_deterministic=deterministic),
            measures=measure,
            prices=prices,
            keeps_models=models,
            console=console,
        )
    end_as(end.stopped_by, end.num_failed)


@cli.command("list")
@storage_option
def list_all(storage: Path) -> None:
    """List the studies, the spaces and the prepared corpora."""
    console.print(studies_table(STUDIES.values()))
    console.print("\nTogether, with shared trials trained once:")
    for collection, members in COLLECTIONS.items():
        console.print(f"  {collection}: {', '.join(member.name for member in members)}")
    names = [SYNTHETIC, *(name for name in prepared_names(storage) if name != SYNTHETIC)]
    console.print(f"\nSpaces to search: {', '.join(SPACES)}")
    console.print(f"\nCorpora: {', '.join(names)}")


@cli.command("show")
@click.argument("name")
@click.option(
    "--samples",
    type=click.IntRange(0, MAX_SAMPLES),
    help=f"Utterances on a corpus's contact sheet; 0 for none.  [default: {NUM_SAMPLES}]",
)
@storage_option
def show(name: str, samples: int | None, storage: Path) -> None:
    """Show a study's rows, or what a prepared corpus holds."""
    if name in STUDIES:
        if samples is not None:
            raise click.UsageError(f"'{name}' is a study; only a corpus has '--samples'")
        console.print(study_view(STUDIES[name]))
    elif name in prepared_names(storage):
        num_samples = NUM_SAMPLES if samples is None else samples
        show_corpus(name, storage, console, num_samples=num_samples)
    else:
        raise StudyError(
            f"'{name}' is no study and no prepared corpus; studies: {', '.join(STUDIES)}; "
            f"corpora: {', '.join(prepared_names(storage)) or 'none yet'}"
        )


cli.add_command(plan)
cli.add_command(tune)
cli.add_command(prepare)
cli.add_command(predict)
cli.add_command(lint_paper)
cli.add_command(report)
cli.add_command(sync)
cli.add_command(pull)


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
    cli.add_command(study_command(built_in.name, built_in.title, [built_in]))
for collection, members in COLLECTIONS.items():
    names = ", ".join(member.name for member in members)
    cli.add_command(study_command(collection, names, members))


def main() -> NoReturn:
    """Run the command line; bad input and interruption end with a message, not a traceback."""
    signal.signal(signal.SIGTERM, raise_terminated)
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
    except (KeyboardInterrupt, click.Abort) as stop:
        errors.print("\nStopped. The same command goes on where this one ended.")
        is_terminated = isinstance(stop, Terminated) or isinstance(stop.__cause__, Terminated)
        sys.exit(EXIT_TERMINATED if is_terminated else EXIT_INTERRUPTED)
