"""`mmer-sweep tune`: search a space."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from orchestrator.cluster.machines import Device, Machines
from orchestrator.cluster.stop_signals import end_as
from orchestrator.commands.options import console, machine_options, place_options
from orchestrator.storage.folder import open_storage
from reports.ledger.search_result import Objective, ObjectiveName
from search_spaces.catalogue import find_space
from search_spaces.terms import Scale

DEFAULT_NUM_CANDIDATES = 100


def choose_objectives(
    _context: click.Context, _option: click.Parameter, names: Sequence[ObjectiveName]
) -> tuple[Objective, ...]:
    """Read the option: F1, and at most one cost.

    Raises:
        BadParameter: If F1 is not among them, or there are two costs.
    """
    costs = [name for name in dict.fromkeys(names) if name != "f1"]
    if "f1" not in names:
        raise click.BadParameter(f"a search for {costs[0]} alone finds nothing; add --objective f1")
    if len(costs) > 1:
        raise click.BadParameter("choose one of parameters and macs, not both")
    return tuple(Objective(name=name) for name in ("f1", *costs))


@click.command("tune")
@click.argument("space", metavar="SPACE|FILE")
@click.option(
    "--trials",
    "num_candidates",
    type=click.IntRange(min=1),
    default=DEFAULT_NUM_CANDIDATES,
    show_default=True,
    help="Candidates in all: a search that had fewer goes on.",
)
@click.option(
    "--objective",
    "objectives",
    type=click.Choice(get_args(ObjectiveName)),
    multiple=True,
    default=("f1",),
    show_default=True,
    callback=choose_objectives,
    help="Validation F1; given twice, F1 against a cost.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the sampler.")
@click.option(
    "--asha/--no-asha",
    "stops_early",
    default=None,
    help="Stop candidates early whose F1 is lower than others' was after as many epochs.  "
    "[default: only where F1 is the one objective]",
)
@click.option(
    "--models/--no-models",
    default=False,
    show_default=True,
    help="Keep each trained model, for `predict`: 4 bytes a parameter.",
)
@machine_options
@place_options
def tune(
    space: str,
    num_candidates: int,
    objectives: tuple[Objective, ...],
    seed: int,
    stops_early: bool | None,
    models: bool,
    address: str | None,
    device: Device,
    slots: int | None,
    deterministic: bool,
    corpus: str,
    scale: Scale | None,
    storage: Path,
) -> None:
    """Search a SPACE (a name, or the one that a Python FILE defines) for its best model."""
    from orchestrator.search.run_search import run_search  # loads Optuna

    found = find_space(space)
    end = run_search(
        found,
        corpus=corpus,
        scale=scale,
        objectives=objectives,
        num_candidates=num_candidates,
        seed=seed,
        stops_early=len(objectives) == 1 if stops_early is None else stops_early,
        storage=open_storage(storage),
        machines=Machines(address, device, slots, is_deterministic=deterministic),
        keeps_models=models,
        console=console,
    )
    end_as(end.stopped_by, end.num_failed)
