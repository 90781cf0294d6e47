"""The commands that run studies."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from orchestrator.cluster.machines import Machines
from orchestrator.cluster.stop_signals import end_as
from orchestrator.commands.options import (
    Choosing,
    Measuring,
    MlflowOptions,
    TrialOptions,
    add_options,
    choosing_options,
    json_option,
    machine_options,
    measure_options,
    mlflow_options,
    place_options,
    seeds_options,
    trial_options,
)
from orchestrator.facts import print_facts
from orchestrator.plan.place import Place
from orchestrator.plan.seeds import AdaptiveSeeds, Seeds
from orchestrator.storage.folder import open_storage
from orchestrator.terminal import console
from search_spaces.catalogue import COLLECTIONS, STUDIES, load_studies
from search_spaces.study import Study


def sweep_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a sweep."""
    return add_options(
        command,
        place_options,
        seeds_options,
        machine_options,
        measure_options,
        trial_options,
        choosing_options,
        mlflow_options,
        json_option,
    )


def study_command(name: str) -> click.Command:
    """Make the command that runs a built-in study, or several that share trials."""
    if name in COLLECTIONS:
        studies: Sequence[Study] = COLLECTIONS[name]
        title = ", ".join(study.name for study in studies)
    else:
        studies, title = [STUDIES[name]], STUDIES[name].title

    @click.command(name, help=f"Run: {title}.")
    @sweep_options
    def run_built_in(**options: Any) -> None:
        sweep_studies(studies, **options)

    return run_built_in


@click.command("run")
@click.argument("file", type=click.Path(path_type=Path))
@sweep_options
def run_file(file: Path, **options: Any) -> None:
    """Run the studies that a Python FILE defines."""
    sweep_studies(load_studies(file), **options)


def sweep_studies(
    studies: Sequence[Study],
    *,
    place: Place,
    seeds: Seeds,
    machines: Machines,
    measuring: Measuring,
    trials: TrialOptions,
    choosing: Choosing,
    mlflow: MlflowOptions,
    as_json: bool,
) -> None:
    """Run studies; the exit status says whether all their trials finished.

    Each argument is one group of the command's options.
    """
    from orchestrator.sweep.choice import Choice

    choice = Choice(choosing.rows, choosing.only_failed, choosing.retry)
    if choosing.dry_run:
        if as_json:
            raise click.UsageError("'--dry-run' is for readers; `mmer-sweep plan --json` tells it")
        from orchestrator.sweep.preview import preview_studies

        preview_studies(studies, place, seeds, choice, console, retrain=trials.retrain)
        return
    if isinstance(seeds, AdaptiveSeeds) and not choice.is_all:
        raise click.UsageError(
            "'--seeds auto' chooses trials itself; give --seeds N with --rows, --only-failed or "
            "--retry"
        )
    from orchestrator.sweep.studies import Sweep, run_mirrored

    prices = measuring.prices(machines)
    storage = open_storage(place.storage)
    sweep = Sweep(
        place=replace(place, storage=storage),
        seeds=seeds,
        retrain=trials.retrain,
        machines=machines,
        measures=measuring.measures,
        prices=prices,
        keeps_models=trials.models,
        choice=choice,
    )
    end = run_mirrored(studies, sweep, mlflow.tracking_uri, max_model_mib=mlflow.log_models)
    if as_json:
        from orchestrator.inventory.sweeps import sweep_facts

        print_facts(sweep_facts([study.name for study in studies], place.corpus, storage))
    end_as(end.stopped_by, end.num_failed)
