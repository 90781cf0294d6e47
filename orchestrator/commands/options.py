"""What commands share: their options, where they print, and how a group names its choices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from corpora.source.utterance import SYNTHETIC
from orchestrator.cluster.machines import MAX_REQUESTED, Device
from orchestrator.forecast.prices import Prices, find_prices
from orchestrator.storage.folder import DEFAULT_STORAGE
from orchestrator.storage.publish import locate_place
from reports.statistics.sequential import LOOKS
from reports.verdicts.adaptive_seeds import AdaptiveSeeds, Seeds
from reports.verdicts.in_sequence import looks_until
from search_spaces.catalogue import COLLECTIONS, STUDIES
from search_spaces.errors import StudyError
from search_spaces.terms import Scale

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
            known = (*STUDIES, *COLLECTIONS)
            studies = [name for name in self.commands if name in known]
            commands = [name for name in self.commands if name not in known]
            raise StudyError(
                f"'{args[0]}' is no study and no command of {ctx.command_path}; "
                + (f"studies: {', '.join(studies)}; " if studies else "")
                + f"commands: {', '.join(commands)}"
            )
        return super().resolve_command(ctx, args)


storage_option = click.option(
    "--storage",
    metavar="FOLDER|s3://BUCKET/PREFIX",
    callback=lambda _context, _option, place: locate_place(place),
    default=DEFAULT_STORAGE,
    envvar="MMER_SWEEP_STORAGE",
    show_default=True,
    help="Holds corpora, records and tables. A bucket is worked on in a folder of this machine, "
    "which keeps MLflow's files too.",
)


tracking_option = click.option(
    "--tracking-uri",
    envvar="MLFLOW_TRACKING_URI",
    help="MLflow to mirror to  [default: an SQLite file in the storage folder]",
)

log_models_option = click.option(
    "--log-models",
    type=click.FloatRange(min=0),
    metavar="MAX_MIB",
    default=0.0,
    help="Keep trained models of at most this size in MLflow too.  [default: none]",
)

fixed_seeds_option = click.option(
    "--seeds", type=click.IntRange(min=1), help="Seeds 0 to N - 1.  [default: the study's]"
)


class NumSeeds(click.ParamType):
    """A number of seeds, or `auto`."""

    name = "integer or auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | AdaptiveSeeds:
        """Read the option."""
        if value == "auto":
            return AdaptiveSeeds()
        return click.IntRange(min=1).convert(value, param, ctx)


def choose_seeds(seeds: Seeds, max_seeds: int | None) -> Seeds:
    """Join `--seeds` and `--max-seeds`.

    Raises:
        UsageError: If a number of seeds that is fixed has a maximum.
    """
    if max_seeds is None:
        return seeds
    if not isinstance(seeds, AdaptiveSeeds):
        raise click.UsageError("'--max-seeds' is for '--seeds auto'")
    return AdaptiveSeeds(looks_until(max_seeds, LOOKS))


def choose_prices(
    cluster_file: Path | None, *, measure: bool, address: str | None
) -> Prices | None:
    """Find the prices of what will train; this machine alone has none, but by a file that is named.

    Raises:
        PriceError: If the file cannot be read, was named and has no prices, or has wrong ones.
        UsageError: If a file is named, and nothing is measured that could be priced.
    """
    if cluster_file is not None and not measure:
        raise click.UsageError("'--cluster-file' prices what is measured; leave out '--no-measure'")
    has_prices = measure and (cluster_file is not None or address is not None)
    return find_prices(cluster_file) if has_prices else None


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say on which corpus, at which scale, in which storage."""
    return _add(
        command,
        click.option("--corpus", default=SYNTHETIC, show_default=True, help="A prepared corpus."),
        click.option(
            "--scale",
            type=click.Choice(get_args(Scale)),
            help="Model sizes.  [default: paper for the papers' corpora, else tiny]",
        ),
        storage_option,
    )


def plan_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which trials a study needs."""
    seeds = _add(
        command,
        click.option(
            "--seeds",
            type=NumSeeds(),
            help="Seeds 0 to N - 1, or auto: more while a claim is open.  [default: the study's]",
        ),
        click.option(
            "--max-seeds",
            type=click.IntRange(min=LOOKS[0]),
            help=f"Where --seeds auto ends.  [default: {LOOKS[-1]}]",
        ),
    )
    return place_options(seeds)


def machine_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say on which machines to train."""
    return _add(
        command,
        click.option(
            "--address",
            help="Train on a Ray cluster that runs: `auto`, or HOST:PORT. All its machines must "
            "see the storage in the same place.  [default: this machine alone]",
        ),
        click.option(
            "--device",
            type=click.Choice(get_args(Device)),
            default="auto",
            envvar="MMER_SWEEP_DEVICE",
            show_default=True,
            show_envvar=True,
            help="What each trial trains on: auto is a GPU where a machine has one now; a cluster "
            "that has no machine yet must be told.",
        ),
        click.option(
            "--slots",
            type=click.IntRange(min=1),
            help="Trials at once.  [default: as many as there is room for, on a cluster at most "
            f"{MAX_REQUESTED}]",
        ),
        click.option(
            "--deterministic",
            is_flag=True,
            help="Use algorithms only that give equal results each time, on GPUs of one kind too. "
            "They are slower, and may take more memory. On CPUs all are such.",
        ),
    )


def measure_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say whether to measure before training, and what machines cost."""
    return _add(
        command,
        click.option(
            "--measure/--no-measure",
            default=True,
            envvar="MMER_SWEEP_MEASURE",
            show_default=True,
            help="Measure each architecture for a few steps: how long a study takes, and how many "
            "trials share a machine. Without it each takes a whole GPU, or a core.",
        ),
        click.option(
            "--cluster-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Holds the prices of machines.  [default: on the head of a cluster, with "
            "--address, the cluster's own]",
        ),
    )


def _add(
    command: Callable[..., None], *options: Callable[[Callable[..., None]], Callable[..., None]]
) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command
