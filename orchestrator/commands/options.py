"""The options that commands share.

`gathered` makes one argument of the command from a group of options.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource

from corpora.source.names import SYNTHETIC
from orchestrator.addresses.address import database_of, shown
from orchestrator.addresses.named import is_named
from orchestrator.cluster.machines import MAX_REQUESTED, Device, Machines
from orchestrator.errors import TrackingError
from orchestrator.plan.place import Place
from orchestrator.plan.seeds import AdaptiveSeeds, ExtraSeeds, Seeds
from orchestrator.project.read import FILE
from orchestrator.storage.folder import DEFAULT_STORAGE, STORAGE_VARIABLE, URI, locate_storage
from orchestrator.terminal import console
from reports.statistics.looks import LOOKS, looks_until
from search_spaces.terms import Scale
from search_spaces.trial import Stream

if TYPE_CHECKING:
    from orchestrator.forecast.prices import Prices
    from orchestrator.sweep.studies import Measures

Command = Callable[..., None]
Option = Callable[[Command], Command]


def gathered(into: str, make: Callable[..., object], *options: Option) -> Option:
    """Make a decorator that adds options and passes them to the command as one argument.

    Args:
        into: The name of that argument.
        make: Makes the argument from the options; its parameters have the options' names. One
            whose option is not there has a default.
        options: The options, in the order of the help.
    """
    names = tuple(signature(make).parameters)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_one(**given: Any) -> None:
            own = {name: given.pop(name) for name in names if name in given}
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
    from orchestrator.storage.publish import locate_place  # loads the code that reads a ledger

    return locate_place(place)


storage_option = click.option(
    "--storage",
    metavar="FOLDER|s3://BUCKET/PREFIX",
    callback=_locate,
    default=DEFAULT_STORAGE,
    envvar=STORAGE_VARIABLE,
    show_envvar=True,
    show_default=True,
    help="Where corpora, records and tables are stored. A bucket has a local copy in a folder of "
    "this machine, which also holds MLflow's files.",
)


def _leave_output_to_facts(context: click.Context, _option: click.Parameter, chosen: bool) -> bool:
    """Print all that is not JSON to standard error, until the command ends."""
    if chosen:
        console.stderr = True
        context.call_on_close(lambda: setattr(console, "stderr", False))
    return chosen


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=_leave_output_to_facts,
    help="Print one JSON object, and all else to standard error.",
)

sound_track_option = click.option(
    "--sound-track",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="The sound track to hear, in files that have several.  [default: the first, 1]",
)


def check_tracking_uri(
    context: click.Context, option: click.Parameter, tracking_uri: str | None
) -> str | None:
    """Refuse a server that only the file of a project names: it would get the user's credentials.

    That file may come from someone else. `orchestrator.addresses.named` has the rule.

    Raises:
        TrackingError: If this user never named the server.
    """
    is_from_file = context.get_parameter_source(str(option.name)) is ParameterSource.DEFAULT_MAP
    if not is_from_file or tracking_uri is None or database_of(tracking_uri) is not None:
        return tracking_uri
    if not is_named(shown(tracking_uri)):
        raise TrackingError(
            f"MLflow at {tracking_uri}: only '{FILE}' names it, not you; if you trust it, add "
            f"`--tracking-uri {tracking_uri}` to a sweep or to `mmer-sweep sync` once"
        )
    return tracking_uri


tracking_option = click.option(
    "--tracking-uri",
    callback=check_tracking_uri,
    envvar="MLFLOW_TRACKING_URI",
    show_envvar=True,
    help="MLflow to mirror to  [default: an SQLite file in the storage folder]",
)

log_models_option = click.option(
    "--log-models",
    type=click.FloatRange(min=0),
    metavar="MAX_MIB",
    default=0.0,
    help="Keep trained models of at most this size in MLflow too.  [default: none]",
)


def _load_metrics(
    _context: click.Context, _option: click.Parameter, files: tuple[Path, ...]
) -> None:
    if files:
        from search_spaces.catalogue import load_studies

        for file in files:
            load_studies(file)


metrics_of_option = click.option(
    "--metrics-of",
    type=click.Path(path_type=Path),
    multiple=True,
    expose_value=False,
    callback=_load_metrics,
    help="A study file that defines metrics of its own; may be given several times.",
)

fixed_seeds_option = click.option(
    "--seeds", type=click.IntRange(min=1), help="Seeds 0 to N - 1.  [default: the study's]"
)


def models_option(*, default: bool) -> Option:
    """Make the option to keep trained models."""
    return click.option(
        "--models/--no-models",
        default=default,
        show_default=True,
        help="Keep each trained model for `predict`: 4 bytes for each parameter.",
    )


@dataclass(frozen=True)
class TrialOptions:
    """Whether finished trials of other code are trained anew, and trained models are kept."""

    retrain: bool
    models: bool


trial_options = gathered(
    "trials",
    TrialOptions,
    click.option(
        "--retrain",
        is_flag=True,
        help="Train finished trials anew that other code trained; the old records stay.",
    ),
    models_option(default=True),
)


@dataclass(frozen=True)
class Choosing:
    """Which of the missing trials a sweep trains, and whether it only says so."""

    rows: tuple[str, ...]
    only_failed: bool
    retry: tuple[str, ...]
    dry_run: bool


choosing_options = gathered(
    "choosing",
    Choosing,
    click.option(
        "--rows",
        multiple=True,
        metavar="ROW",
        help="Train only this row; a pattern such as '4-*' names several. Repeat it for more.",
    ),
    click.option("--only-failed", is_flag=True, help="Train only what failed when it was tried."),
    click.option(
        "--retry",
        multiple=True,
        metavar="KEY|STUDY/ROW/SEED",
        help="Train only this trial; the beginning of its key is enough. Repeat it for more.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Print which trials would be trained, and do no more."
    ),
)


@dataclass(frozen=True)
class MlflowOptions:
    """Which MLflow receives a sweep, and the size in MiB up to which it also receives models."""

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
        if not str(value).isdecimal() or int(value) < 1:
            self.fail(f"'{value}' is neither a number of seeds, at least 1, nor auto", param, ctx)
        return int(value)


class Streams(click.ParamType):
    """Random streams, separated by commas."""

    name = "streams"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Stream, ...]:
        """Read the option."""
        each = click.Choice(get_args(Stream))
        names = (name.strip() for name in value.split(","))
        return tuple(dict.fromkeys(each.convert(name, param, ctx) for name in names))


def choose_seeds(
    seeds: int | AdaptiveSeeds | None,
    max_seeds: int | None,
    control: bool,
    vary: tuple[Stream, ...] | None,
) -> Seeds:
    """Join `--seeds`, `--max-seeds`, `--control` and `--vary`.

    Raises:
        UsageError: If the user gives a maximum, but a fixed number of seeds; or a control or
            streams to vary, but adaptive seeds.
    """
    if control or vary:
        if isinstance(seeds, AdaptiveSeeds) or max_seeds is not None:
            option = "--control" if control else "--vary"
            raise click.UsageError(f"'{option}' needs a fixed number of seeds; give --seeds N")
        return ExtraSeeds(seeds, control, vary or ())
    if max_seeds is None:
        return seeds
    if not isinstance(seeds, AdaptiveSeeds):
        raise click.UsageError("'--max-seeds' needs '--seeds auto'; leave it out or add that")
    return AdaptiveSeeds(looks_until(max_seeds, LOOKS))


seeds_options = gathered(
    "seeds",
    choose_seeds,
    click.option(
        "--seeds",
        type=NumSeeds(),
        help="Seeds 0 to N - 1, or auto: more seeds while a claim is open.  [default: the study's]",
    ),
    click.option(
        "--max-seeds",
        type=click.IntRange(min=LOOKS[0]),
        help=f"The most seeds that --seeds auto uses.  [default: {LOOKS[-1]}]",
    ),
    click.option(
        "--control",
        is_flag=True,
        help="Train the baseline row with as many more seeds: what noise alone does.",
    ),
    click.option(
        "--vary",
        type=Streams(),
        metavar=",".join(get_args(Stream)),
        help="Train the baseline row with each of these random streams varied alone: what the "
        "spread over seeds comes from.",
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
        help="Train on a running Ray cluster: `auto`, or HOST:PORT. All its machines must see "
        "the storage at the same path.  [default: only this machine]",
    ),
    click.option(
        "--device",
        type=click.Choice(get_args(Device)),
        default="auto",
        envvar="MMER_SWEEP_DEVICE",
        show_default=True,
        show_envvar=True,
        help="What each trial trains on. auto chooses a GPU if a machine has one now. If a "
        "cluster has no machine yet, choose cpu or gpu.",
    ),
    click.option(
        "--slots",
        type=click.IntRange(min=1),
        help="How many trials run at once, at most.  [default: as many as fit; on a cluster at "
        f"most {MAX_REQUESTED}]",
    ),
    click.option(
        "--deterministic",
        is_flag=True,
        help="Use only deterministic algorithms: then GPUs of one kind also give equal results "
        "each time. They are slower, and may take more memory. CPUs always use them.",
    ),
)


@dataclass(frozen=True)
class Measuring:
    """Whether to measure architectures before training, also anew, and which file has prices."""

    measure: bool
    remeasure: bool
    cluster_file: Path | None

    def __post_init__(self) -> None:
        """Refuse what has no meaning if nothing is measured: then there is nothing to price.

        Raises:
            UsageError: If the user gave both options.
        """
        if self.cluster_file is not None and not self.measure:
            raise click.UsageError(
                "'--cluster-file' needs measurements to price; leave out '--no-measure', or add "
                f"'--measure' where MMER_SWEEP_MEASURE or {FILE} says no"
            )
        if self.remeasure and not self.measure:
            raise click.UsageError(
                "'--remeasure' contradicts '--no-measure', which MMER_SWEEP_MEASURE=0 or "
                f"'measure = false' in {FILE} also say; leave one out, or add '--measure'"
            )

    @property
    def measures(self) -> "Measures":
        """Which architectures to measure."""
        if not self.measure:
            return "none"
        return "all" if self.remeasure else "new"

    def prices(self, machines: Machines) -> "Prices | None":
        """Find the prices of the machines; without a cluster, only a file given by the user counts.

        Raises:
            PriceError: If the file cannot be read, if it has invalid prices, or if the user named
                it and it has none.
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
        show_envvar=True,
        show_default=True,
        help="Measure each architecture for a few steps, to know how long a study takes and how "
        "many trials share a machine. With --no-measure, each trial takes a whole GPU, or a core.",
    ),
    click.option(
        "--remeasure",
        is_flag=True,
        help="Measure again what is measured already, for instance beside other programs.",
    ),
    click.option(
        "--cluster-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with the prices of machines.  [default: with --address, on the head of a "
        "cluster, the cluster's own file; else none]",
    ),
)
