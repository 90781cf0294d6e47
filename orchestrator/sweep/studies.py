"""Runs studies: plans them, trains missing trials, mirrors them to MLflow, writes tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console

from corpora.preparation.known import know_corpus
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import Machines
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.failures.failure import FailedTrial
from orchestrator.failures.notes import notes_in
from orchestrator.failures.view import failures_view
from orchestrator.floors.ensure import ensure_floors
from orchestrator.forecast.prices import Prices
from orchestrator.kept_models.withheld import ensure_withheld
from orchestrator.live.sweep import Header
from orchestrator.plan.folds import refuse_folds
from orchestrator.plan.place import Place
from orchestrator.plan.plan import (
    Plan,
    default_scale,
    make_plan,
    missing_trials,
    planned_of,
)
from orchestrator.plan.seeds import AdaptiveSeeds, SeedNumbers, Seeds
from orchestrator.plan.view import plan_view
from orchestrator.storage.folder import tables_folder
from orchestrator.storage.publish import publish_file, publish_folder, pull_plans
from orchestrator.sweep.choice import EVERYTHING, Choice, choose
from orchestrator.terminal import console
from orchestrator.tracking.mirror import MlflowMirror, mirrored_to_mlflow
from reports.forms.document import write_pdf
from reports.forms.files import write_table
from reports.forms.terminal import TableView
from reports.forms.verdicts import write_verdicts
from reports.forms.verdicts_terminal import VerdictsView
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, changed_claims, plan_file, remember
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables
from reports.verdicts.adaptive_seeds import describe_open, extend, judge_planned
from search_spaces.study import Study

Measures = Literal["none", "new", "all"]
"""Which architectures are measured before they train: "new" ones have no measurement yet."""


class SweepEnd(NamedTuple):
    """How many trials failed, and the signal that stopped the sweep, if any."""

    num_failed: int
    stopped_by: int | None


@dataclass(frozen=True)
class Sweep:
    """How studies are run: where, with how many seeds, on which machines.

    With `retrain`, finished trials that other code trained are trained anew. Unless
    `measures` is "none", the measurements decide how many trials share a machine, and a forecast is
    printed, with costs if the `prices` are known. Missing trials that are not in the `choice` are
    left out.
    """

    place: Place
    seeds: Seeds
    retrain: bool
    machines: Machines
    measures: Measures
    prices: Prices | None
    keeps_models: bool
    choice: Choice = EVERYTHING


def run_mirrored(
    studies: Sequence[Study],
    sweep: Sweep,
    tracking_uri: str | None,
    *,
    max_model_mib: float = 0.0,
) -> SweepEnd:
    """Run studies as `run_studies` does, and mirror them to MLflow.

    Args:
        studies: What to run.
        sweep: How.
        tracking_uri: MLflow's address; by default a database in the storage folder.
        max_model_mib: Models up to this size are put into MLflow too.

    Raises:
        TrackingError: If the address cannot be used.
        UserError: As `run_studies`.
    """
    storage = sweep.place.storage
    uri = tracking_uri_of(tracking_uri, storage)
    with mirrored_to_mlflow(storage, uri, console, max_model_mib=max_model_mib) as mirror:
        return run_studies(studies, sweep, mirror, console)


def run_studies(
    studies: Sequence[Study], sweep: Sweep, mirror: MlflowMirror, console: Console
) -> SweepEnd:
    """Run studies on one corpus and write their tables.

    Adaptive seeds take several rounds. Each round plans, trains missing trials and judges claims.
    Ray and PyTorch are loaded only if there is something to train.

    Raises:
        CorpusError, FitError, LedgerError, StudyError, WeightsError: Before anything is trained.
    """
    corpus, storage, seeds = sweep.place.corpus, sweep.place.storage, sweep.seeds
    ledger = Ledger(storage)
    known = know_corpus(corpus, storage)
    scale = sweep.place.scale or default_scale(known)
    trial_scores = TrialScores(ledger)
    if isinstance(seeds, AdaptiveSeeds):
        refuse_folds(known, "--seeds auto")
    looks = seeds.looks if isinstance(seeds, AdaptiveSeeds) else ()
    numbers: dict[str, SeedNumbers] = {
        study.name: seeds.looks[0] if isinstance(seeds, AdaptiveSeeds) else seeds
        for study in studies
    }
    while True:
        plans = [
            make_plan(s, known, scale, numbers[s.name], ledger, retrain=sweep.retrain)
            for s in studies
        ]
        for plan in plans:
            trial_scores.know(plan.finished)
        recipes = sorted({recipe for plan in plans for recipe in plan.recipes})
        ensure_corpus(corpus, storage, console, *recipes)
        console.print(plan_view(plans))
        planned = [_remember(planned_of(plan, looks), storage, console) for plan in plans]
        mirror.follow(planned, {(p.study.name, key) for p in plans for key in p.rows_by_key})
        failures, stopped_by = _train_missing(plans, sweep, mirror, console)
        if stopped_by is None:
            ensure_withheld(planned, trial_scores, storage, console)
        looks_on = looks and stopped_by is None
        extensions = [extend(one, trial_scores) for one in planned if looks_on]
        if not any(extension.open_claims for extension in extensions):
            break
        console.print(describe_open(extensions))
        numbers = {e.study: e.num_seeds for e in extensions}
        if sweep.measures == "all":
            sweep = replace(sweep, measures="new")
    if stopped_by is None:
        ensure_floors(planned, trial_scores, storage, console)
    for one in planned:
        write_study(one, trial_scores, storage, console)
    trial_scores.remember()
    if failures:
        console.print(failures_view(failures))
    return SweepEnd(len(failures), stopped_by)


def _train_missing(
    plans: Sequence[Plan], sweep: Sweep, mirror: MlflowMirror, console: Console
) -> tuple[list[FailedTrial], int | None]:
    """Train the missing trials of the plans, and mirror them to MLflow.

    Returns:
        The trials that failed, and the signal that stopped the sweep.
    """
    every = missing_trials(plans)
    missing = choose(every, plans, sweep.choice, notes_in(sweep.place.storage))
    if not sweep.choice.is_all:
        console.print(f"chosen: {len(missing)} of {len(every)} trials to train")
    num_finished = len({key for plan in plans for key in plan.finished})
    failures: list[FailedTrial] = []
    stopped_by = None
    if missing:
        from orchestrator.cluster.session import training_session
        from orchestrator.forecast.before_sweep import plan_sweep
        from orchestrator.own.checking import check_own_systems
        from orchestrator.sweep.tune import train_assignments
        from orchestrator.sweep.watching import watching

        with training_session(sweep.place.storage, sweep.machines) as session:
            assignments = [Assignment(trial, row) for trial, row in missing.values()]
            check_own_systems([one.trial for one in assignments], session.storage)
            forecast_s, trial_s = None, None
            if sweep.measures != "none":
                assignments, forecast_s, trial_s = plan_sweep(
                    session, assignments, sweep.prices, console, anew=sweep.measures == "all"
                )
            header = Header(
                names=tuple(plan.study.name for plan in plans),
                corpus=sweep.place.corpus,
                scale=plans[0].scale,
                num_trials=num_finished + len(missing),
                num_finished=num_finished,
                forecast_s=forecast_s,
            )
            in_order = {a.trial.key: (a.trial, a.trained_for) for a in assignments}
            with watching(session, header, in_order, mirror, console, trial_s=trial_s) as watched:
                train_assignments(
                    session,
                    assignments,
                    watchers=watched.watchers,
                    keeps_models=sweep.keeps_models,
                )
            failures, stopped_by = [*watched.failures.values()], session.signals.seen
    return failures, stopped_by


def _remember(planned: Planned, storage: Path, console: Console) -> Planned:
    """Store the plan, and print which claims have changed."""
    pull_plans(storage)
    changed = changed_claims(planned, storage)
    if changed:
        console.print(
            f"study '{planned.study.name}': changed since it was run: claim {', '.join(changed)}; "
            "a verdict counts only if the claim was fixed before its scores were seen",
            style="yellow",
            markup=False,
        )
    kept = remember(planned, storage)
    publish_file(storage, plan_file(kept, storage))
    return kept


def write_study(
    planned: Planned, trial_scores: TrialScores, storage: Path, console: Console
) -> None:
    """Write and print a study's table, in every form and variant, its verdicts, and the files."""
    outcome = collect_outcome(planned, trial_scores)
    table, *others = build_tables(planned.study, [outcome])
    folder = tables_folder(storage, planned.study.name, planned.corpus, planned.scale)
    files = write_table(table, folder)
    for other in others:
        write_table(other, folder)
    with console.status("compiling the PDF"):
        compilation = write_pdf(table, folder)
    console.print(TableView(table))
    beside: list[str] = [other.variant for other in others]
    if planned.study.claims:
        judged = judge_planned(planned, trial_scores)
        write_verdicts(judged, table.name, folder)
        beside.append("verdicts")
        console.print()
        console.print(VerdictsView(judged))
    console.print(f"\nThe table is in {folder}", soft_wrap=True, markup=False)
    suffixes = [*files, *(["pdf"] if compilation.pdf else [])]
    forms = ", ".join(suffix.upper() for suffix in suffixes if "." not in suffix)
    console.print(f"as {forms}; and beside it: {', '.join(beside)}.", markup=False)
    for told in compilation.told[compilation.pdf is not None :]:
        console.print(told, soft_wrap=True, markup=False)
    published = publish_folder(storage, folder)
    if published is not None:
        console.print(f"The same is in {published}.", soft_wrap=True, markup=False)
