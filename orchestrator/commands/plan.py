"""The command that shows what a study or a search needs and costs; it trains nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from corpora.preparation.known import know_corpus
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import Machines
from orchestrator.commands.options import (
    Measuring,
    gathered,
    json_option,
    machine_options,
    measure_options,
    place_options,
    seeds_options,
)
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.corpus.view import print_cautions
from orchestrator.facts import print_facts
from orchestrator.forecast.prices import Prices
from orchestrator.plan.folds import refuse_folds
from orchestrator.plan.place import Place
from orchestrator.plan.plan import Plan, default_scale, make_plan, missing_trials
from orchestrator.plan.power import claims_view
from orchestrator.plan.seeds import AdaptiveSeeds, SeedNumbers, Seeds
from orchestrator.plan.sharing import find_sharing, sharing_view
from orchestrator.plan.view import plan_view
from orchestrator.search.points import Points
from orchestrator.storage.folder import open_storage
from orchestrator.terminal import console
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import COLLECTIONS, SPACES, find_space, find_study, load_studies
from search_spaces.space_faults import check_space
from search_spaces.study import Study

if TYPE_CHECKING:
    from orchestrator.forecast.before_sweep import SweepPlan


class SearchSize(NamedTuple):
    """How many candidates a search has in total, and whether it stops some early.

    The number is None if no search is planned.
    """

    num_candidates: int | None
    stops_early: bool


search_size_options = gathered(
    "size",
    SearchSize,
    click.option(
        "--trials",
        "num_candidates",
        type=click.IntRange(min=1),
        help="Plan a search of a space, with so many candidates.",
    ),
    click.option(
        "--asha/--no-asha",
        "stops_early",
        default=True,
        show_default=True,
        help="With --trials: whether the search stops candidates early.",
    ),
)


@click.command("plan")
@click.argument("studies", nargs=-1, required=True)
@place_options
@seeds_options
@machine_options
@measure_options
@search_size_options
@json_option
def plan(
    studies: tuple[str, ...],
    *,
    place: Place,
    seeds: Seeds,
    machines: Machines,
    measuring: Measuring,
    size: SearchSize,
    as_json: bool,
) -> None:
    """Show what STUDIES would train, what that costs, and what it can decide.

    STUDIES are names, papers or Python files. The command measures each architecture once, for a
    few steps. It trains nothing.

    With --trials, STUDIES is one space: the command shows what a search of it would take.
    """
    if size.num_candidates is not None:
        if as_json:
            raise click.UsageError("'--json' does not tell of searches; leave out '--trials'")
        _plan_search(studies, place, machines, measuring, size)
        return
    found = [study for name in dict.fromkeys(studies) for study in _studies_of(name)]
    found = list({study.name: study for study in found}.values())
    known = know_corpus(place.corpus, place.storage)
    ledger = Ledger(place.storage)
    prices = measuring.prices(machines)
    if isinstance(seeds, AdaptiveSeeds):
        refuse_folds(known, "--seeds auto")
    looks = seeds.looks if isinstance(seeds, AdaptiveSeeds) else ()

    def plans_of(numbers: SeedNumbers) -> list[Plan]:
        of_scale = place.scale or default_scale(known)
        return [make_plan(study, known, of_scale, numbers, ledger) for study in found]

    plans = plans_of(seeds.looks[0] if isinstance(seeds, AdaptiveSeeds) else seeds)
    _tell(plans, place, ledger, looks)
    forecasts: dict[str, SweepPlan] = {}
    if measuring.measure:
        sweeps = {"": plans}
        if looks:
            sweeps = {f"The first look, {looks[0]} seeds:": plans}
        if looks[1:]:
            sweeps[f"At most, with {looks[-1]} seeds of every row:"] = plans_of(looks[-1])
        forecasts = _measure(sweeps, place, machines, prices, anew=measuring.remeasure)
    if as_json:
        from orchestrator.inventory.plans import plan_facts

        print_facts(plan_facts(plans, ledger, looks, forecasts))


def _tell(plans: Sequence[Plan], place: Place, ledger: Ledger, looks: tuple[int, ...]) -> None:
    """Print what is to train, what is shared, and what the seeds can decide."""
    console.print(plan_view(plans))
    recipes = [recipe for plan in plans for recipe in plan.recipes]
    print_cautions(place.corpus, place.storage, recipes, console)
    console.print(sharing_view(find_sharing(plans, ledger)))
    if looks:
        console.print(
            "After each look, rows that open claims compare get more seeds, at most "
            f"{', '.join(map(str, looks[1:]))}; a claim is open only if it can be tested."
        )
    if any(plan.num_folds for plan in plans):
        console.print("Which claims the folds can decide is not foreseen: no formula is known.")
    else:
        console.print(claims_view(plans, ledger, looks))


def _plan_search(
    names: Sequence[str],
    place: Place,
    machines: Machines,
    measuring: Measuring,
    size: SearchSize,
) -> None:
    """Print what a new search of a space would take.

    Raises:
        UsageError: If there are several spaces, or nothing may be measured.
    """
    if len(names) != 1:
        raise click.UsageError("'--trials' plans the search of one space; name one")
    if not measuring.measure:
        raise click.UsageError(
            "the time of a search is not known without measuring; leave out '--no-measure', or "
            "MMER_SWEEP_MEASURE=0"
        )
    space, prices = find_space(names[0]), measuring.prices(machines)
    opened = open_storage(place.storage)
    known = know_corpus(place.corpus, opened)
    refuse_folds(known, "a search")
    points = Points(space, known, place.scale or default_scale(known))
    check_space(space, known.family, points.scale)
    ensure_corpus(place.corpus, opened, console, *points.recipes)
    from orchestrator.candidates.plan import plan_search
    from orchestrator.candidates.work import SearchWork
    from orchestrator.cluster.session import training_session
    from orchestrator.search.sampling import NUM_RANDOM, draw_at_random

    num = size.num_candidates or 0
    drawn = draw_at_random(points, 0, range(num))
    work = SearchWork(drawn[:NUM_RANDOM], drawn, num, size.stops_early)
    with training_session(opened, machines) as session:
        plan_search(session, work, prices, console, anew=measuring.remeasure)


def _measure(
    sweeps: Mapping[str, Sequence[Plan]],
    place: Place,
    machines: Machines,
    prices: Prices | None,
    *,
    anew: bool,
) -> dict[str, "SweepPlan"]:
    """Print and return what the missing trials would take, for each set of plans by its title."""
    missing = {title: missing_trials(plans) for title, plans in sweeps.items()}
    forecasts: dict[str, SweepPlan] = {}
    if not any(missing.values()):
        return forecasts
    opened = open_storage(place.storage)
    recipes = sorted({r for plans in sweeps.values() for plan in plans for r in plan.recipes})
    ensure_corpus(place.corpus, opened, console, *recipes)
    from orchestrator.cluster.session import training_session
    from orchestrator.forecast.before_sweep import plan_sweep

    with training_session(opened, machines) as session:
        for title, trials in missing.items():
            if trials:
                if title:
                    console.print(f"\n{title}")
                assignments = [Assignment(*one) for one in trials.values()]
                forecasts[title] = plan_sweep(session, assignments, prices, console, anew=anew)
                anew = False  # the sets of trials share their architectures
    return forecasts


def _studies_of(name: str) -> list[Study]:
    """Find a study by its name, all studies of a paper, or those that a Python file defines."""
    if name in SPACES:
        raise click.UsageError(f"'{name}' is a space; say how many candidates: --trials N")
    if name in COLLECTIONS:
        return list(COLLECTIONS[name])
    return load_studies(Path(name)) if name.endswith(".py") else [find_study(name)]
