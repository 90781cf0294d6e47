"""The command that searches a space."""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import click

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.stop_signals import end_as
from orchestrator.commands.options import (
    Measuring,
    MlflowOptions,
    gathered,
    machine_options,
    measure_options,
    mlflow_options,
    models_option,
    place_options,
)
from orchestrator.plan.place import Place
from orchestrator.search.goal import SearchGoal, SearchMeans
from orchestrator.storage.folder import open_storage
from orchestrator.terminal import console
from reports.ledger.search_result import Objective, ObjectiveName, SamplerName
from search_spaces.catalogue import find_space

DEFAULT_NUM_CANDIDATES = 100


def choose_objectives(
    _context: click.Context, _option: click.Parameter, names: Sequence[ObjectiveName]
) -> tuple[Objective, ...]:
    """Read the objectives: F1, and at most one cost.

    Raises:
        BadParameter: If F1 is missing, or there are two costs.
    """
    costs = [name for name in dict.fromkeys(names) if name != "f1"]
    if "f1" not in names:
        raise click.BadParameter(f"a search for {costs[0]} alone finds nothing; add --objective f1")
    if len(costs) > 1:
        raise click.BadParameter("choose one of parameters and macs, not both")
    return tuple(Objective(name=name) for name in ("f1", *costs))


def _goal_of(
    num_candidates: int,
    objectives: tuple[Objective, ...],
    sampler: SamplerName,
    seed: int,
    stops_early: bool | None,
    against: str | None,
    num_seeds: int,
) -> SearchGoal:
    if num_seeds > 1 and len(objectives) > 1:
        raise click.UsageError(
            f"--seeds {num_seeds} chooses one winner by F1, and a front of F1 against "
            f"{objectives[1].name} has no single one; leave out --seeds, or --objective "
            f"{objectives[1].name}. The search writes tuned_study.py, which tests the front's "
            "member of best F1 over seeds"
        )
    if stops_early is None:
        stops_early = len(objectives) == 1
    return SearchGoal(
        objectives, num_candidates, seed, stops_early, sampler, against, num_seeds=num_seeds
    )


search_options = gathered(
    "goal",
    _goal_of,
    click.option(
        "--trials",
        "num_candidates",
        type=click.IntRange(min=1),
        default=DEFAULT_NUM_CANDIDATES,
        show_default=True,
        help="Number of candidates in total; an earlier search with fewer continues.",
    ),
    click.option(
        "--objective",
        "objectives",
        type=click.Choice(get_args(ObjectiveName)),
        multiple=True,
        default=("f1",),
        show_default=True,
        callback=choose_objectives,
        help="What to optimise; give it twice for F1 against a cost.",
    ),
    click.option(
        "--sampler",
        type=click.Choice(get_args(SamplerName)),
        default="tpe",
        show_default=True,
        help="Draw candidates by what was seen so far, or at random: only random ones have tuning "
        "curves with confidence bands.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the sampler."),
    click.option(
        "--asha/--no-asha",
        "stops_early",
        default=None,
        help="Stop a candidate early if others had a higher F1 after the same number of epochs.  "
        "[default: only if F1 is the single objective]",
    ),
    click.option(
        "--against",
        metavar="SEARCH",
        help="Compare with another search at equal numbers of candidates: its name in "
        "STORAGE/searches.",
    ),
    click.option(
        "--seeds",
        "num_seeds",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="The best candidates train with more seeds, fewer with each, until the last have so "
        "many; then fresh seeds state the winner.",
    ),
)


@click.command("tune")
@click.argument("space", metavar="SPACE|FILE")
@search_options
@models_option(default=False)
@machine_options
@measure_options
@mlflow_options
@place_options
def tune(
    space: str,
    *,
    goal: SearchGoal,
    models: bool,
    machines: Machines,
    measuring: Measuring,
    mlflow: MlflowOptions,
    place: Place,
) -> None:
    """Search a SPACE for its best model.

    SPACE is the name of a space, or a Python FILE that defines one.
    """
    found = find_space(space)
    from orchestrator.search.run_search import run_search  # loads Optuna
    from orchestrator.tracking.mirror import mirrored_to_mlflow

    means = SearchMeans(machines, measuring.measures, measuring.prices(machines), models)
    storage = open_storage(place.storage)
    place = replace(place, storage=storage)
    uri = tracking_uri_of(mlflow.tracking_uri, storage)
    with mirrored_to_mlflow(storage, uri, console, max_model_mib=mlflow.log_models) as mirror:
        end = run_search(found, place, goal, means, mirror, console)
    end_as(end.stopped_by, end.num_failed)
