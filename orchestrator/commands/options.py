"""The options that commands share.

A group of options becomes one argument of the command, made by `gathered`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from corpora.source.names import SYNTHETIC
from orchestrator.cluster.machines import MAX_REQUESTED, Device, Machines
from orchestrator.plan.place import Place
from orchestrator.storage.folder import DEFAULT_STORAGE, URI, locate_storage
from reports.statistics.looks import LOOKS, AdaptiveSeeds, Seeds, looks_until
from search_spaces.terms import Scale

if TYPE_CHECKING:
    from orchestrator.forecast.prices import Prices

Command = Callable[..., None]
Option = Callable[[Command], Command]


def gathered(into: str, make: Callable[..., object], *options: Option) -> Option:
    """Make a decorator that adds options and gives the command one argument instead of them.

    Args:
        into: The command's argument.
        make: Makes it of the options; its parameters have their names.
        options: The options, in the order of the help.
    """
    names = tuple(signature(make).parameters)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_one(**given: Any) -> None:
            own = {name: given.pop(name) for name in names}
            command(**{into: make(**own)}, **given)

        return add_options(with_one, *options)

    return decorate


def add_options(command: Command, *options: Option) -> Command:
    """Add options to a command, in the order of its help."""
    for option in reversed(options):
        command = option(command)
    return command


def _locate(_context: click.Context, _option: click.Parameter, place: str) -> Path:
    if not URI.match(place):
        return locate_storage(Path(place))
    from orchestrator.storage.publish import locate_place  # loads what reads a ledger

    return locate_place(place)


storage_option = click.option(
    "--storage",
    metavar="FOLDER|s3://BUCKET/PREFIX",
    callback=_locate,
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


def models_option(*, default: bool) -> Option:
    """Make the option that says whether trained models are kept."""
    return click.option(
        "--models/--no-models",
        default=default,
        show_default=True,
        help="Keep each trained model, for `predict`: 4 bytes a parameter.",
    )


@dataclass(frozen=True)
class MlflowOptions:
    """To which MLflow a sweep is mirrored, and models up to which size, in MiB."""

    tracking_uri: str | None
    log_models: float


mlflow_options = gathered("mlflow", MlflowOptions, tracking_option, log_models_option)


place_options = gathered(
    "place",
    Place,
    click.option("--corpus", default=SYNTHETIC, show_default=True, help="A prepared corpus."),
    click.option(
        "--scale",
        type=click.Choice(get_args(Scale)),
        help="Model sizes.  [default: paper for the papers' corpora, else tiny]",
    ),
    storage_option,
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


seeds_options = gathered(
    "seeds",
    choose_seeds,
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


def _machines(
    address: str | None, device: Device, slots: int | None, deterministic: bool
) -> Machines:
    return Machines(address, device, slots, is_deterministic=deterministic)


machine_options = gathered(
    "machines",
    _machines,
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


@dataclass(frozen=True)
class Measuring:
    """Whether architectures are measured before training, and which file has prices."""

    measure: bool
    cluster_file: Path | None

    def __post_init__(self) -> None:
        """Refuse a file of prices where nothing is measured that could be priced.

        Raises:
            UsageError: If it is so.
        """
        if self.cluster_file is not None and not self.measure:
            raise click.UsageError(
                "'--cluster-file' prices what is measured; leave out '--no-measure'"
            )

    def prices(self, machines: Machines) -> "Prices | None":
        """Find the prices of what will train; this machine has some only in a file that is named.

        Raises:
            PriceError: If the file cannot be read, was named and has no prices, or has wrong ones.
        """
        if not self.measure or (self.cluster_file is None and machines.address is None):
            return None
        from orchestrator.forecast.prices import find_prices

        return find_prices(self.cluster_file)


measure_options = gathered(
    "measuring",
    Measuring,
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
