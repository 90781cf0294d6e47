"""The main job: plan studies, train what is missing, mirror it, write the tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from orchestrator.adaptive_seeds import AdaptiveSeeds, Seeds, describe_open, extend, judge_planned
from orchestrator.corpus_setup import ensure_corpus
from orchestrator.known_corpus import know_corpus
from orchestrator.plan import Plan, SeedNumbers, default_scale, make_plan
from orchestrator.progress import SweepProgress
from orchestrator.show import plan_view
from orchestrator.storage import tables_folder
from orchestrator.tracking import MlflowMirror
from reports.cells import collect_outcome
from reports.forms.document import write_pdf
from reports.forms.files import write_table
from reports.forms.terminal import TableView
from reports.forms.verdicts import write_verdicts
from reports.forms.verdicts_terminal import VerdictsView
from reports.ledger import Ledger
from reports.planned import Planned, changed_claims, remember
from reports.record import Epoch, Record
from reports.table import build_tables
from reports.trial_scores import TrialScores
from search_spaces.study import RowRef, Study
from search_spaces.terms import Scale
from search_spaces.trial import Trial


class SweepEnd(NamedTuple):
    """How many trials failed, and how many are left because the sweep was stopped."""

    num_failed: int
    num_left: int


class _Failures:
    """A watcher that keeps why trials failed."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def started(self, trial: Trial) -> None:
        """Forget an earlier failure: the trial is tried again."""
        self.reasons.pop(trial.key, None)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Do nothing."""

    def finished(self, record: Record) -> None:
        """Do nothing."""

    def failed(self, trial: Trial, reason: str) -> None:
        """Keep the reason."""
        self.reasons[trial.key] = reason


def run_studies(
    studies: Sequence[Study],
    *,
    corpus: str,
    scale: Scale | None,
    seeds: Seeds,
    storage: Path,
    tracking_uri: str,
    num_slots: int | None,
    keeps_models: bool,
    console: Console,
) -> SweepEnd:
    """Run studies on one corpus and write their tables.

    Adaptive seeds take several rounds: each plans, trains what is missing and judges the claims.
    Ray and PyTorch are loaded only if there is something to train.

    Raises:
        CorpusError, LedgerError, StudyError, WeightsError: Before anything is trained.
    """
    ledger = Ledger(storage)
    known = know_corpus(corpus, storage)
    scale = scale or default_scale(known)
    trial_scores = TrialScores(ledger)
    looks = seeds.looks if isinstance(seeds, AdaptiveSeeds) else ()
    numbers: dict[str, SeedNumbers] = {
        study.name: seeds.looks[0] if isinstance(seeds, AdaptiveSeeds) else seeds
        for study in studies
    }
    while True:
        plans = [make_plan(s, known, scale, numbers[s.name], ledger) for s in studies]
        recipes = sorted({recipe for plan in plans for recipe in plan.recipes})
        ensure_corpus(corpus, storage, console, *recipes)
        console.print(plan_view(plans))
        planned = [_remember(planned_of(plan, looks), storage, console) for plan in plans]
        failures = _train_missing(plans, storage, tracking_uri, num_slots, keeps_models, console)
        left = {key for key in missing_trials(plans) if ledger.find(key) is None}
        was_stopped = bool(left - failures.keys())
        extensions = [extend(one, trial_scores) for one in planned if looks and not was_stopped]
        if not any(extension.open_claims for extension in extensions):
            break
        console.print(describe_open(extensions))
        numbers = {e.study: e.num_seeds for e in extensions}
    for one in planned:
        _write_table(one, trial_scores, storage, console)
    trial_scores.remember()
    for key, reason in failures.items():
        console.print(f"failed: trial {key}: {reason}", style="red", markup=False)
    if failures:
        console.print(f"{len(failures)} failed; the same command tries them again.")
    num_unfinished = sum(ledger.find(key) is None for key in missing_trials(plans))
    return SweepEnd(num_failed=len(failures), num_left=num_unfinished - len(failures))


def missing_trials(plans: Sequence[Plan]) -> Mapping[str, tuple[Trial, RowRef]]:
    """List what is to be trained, each trial once, with the first row that asks for it."""
    missing: dict[str, tuple[Trial, RowRef]] = {}
    for plan in plans:
        for trial in plan.missing:
            missing.setdefault(trial.key, (trial, plan.rows_by_key[trial.key][0]))
    return missing


def _train_missing(
    plans: Sequence[Plan],
    storage: Path,
    tracking_uri: str,
    num_slots: int | None,
    keeps_models: bool,
    console: Console,
) -> dict[str, str]:
    """Train what the plans lack, and mirror it; return why trials failed, by key."""
    missing = missing_trials(plans)
    num_finished = len({key for plan in plans for key in plan.finished})
    mirror = MlflowMirror(plans, storage, tracking_uri)
    failures = _Failures()
    try:
        if missing:
            from orchestrator.tune import Assignment, sweep

            with SweepProgress(console, missing, num_finished) as progress:
                sweep(
                    [Assignment(trial, row) for trial, row in missing.values()],
                    storage,
                    watchers=(progress, mirror, failures),
                    num_slots=num_slots,
                    keeps_models=keeps_models,
                )
    finally:
        with console.status("mirroring to MLflow"):
            mlflow_failure = mirror.close()
    if mlflow_failure is not None:
        console.print(
            f"MLflow at {tracking_uri} lacks some of this: {mlflow_failure}\n"
            "The ledger is whole, and the next run of this command catches up.",
            style="yellow",
            markup=False,
        )
    return failures.reasons


def planned_of(plan: Plan, looks: tuple[int, ...]) -> Planned:
    """Name the trials of a plan; `looks` are those of adaptive seeds."""
    return Planned(
        study=plan.study,
        corpus=plan.corpus.name,
        family=plan.corpus.family,
        scale=plan.scale,
        keys={row: tuple(trial.key for trial in trials) for row, trials in plan.trials.items()},
        looks=looks,
    )


def _remember(planned: Planned, storage: Path, console: Console) -> Planned:
    """Keep what was asked for, and say which claims are no longer what they were."""
    changed = changed_claims(planned, storage)
    if changed:
        console.print(
            f"study '{planned.study.name}': changed since it was run: claim {', '.join(changed)}; "
            "a verdict counts only on a claim that was made before its scores were seen",
            style="yellow",
            markup=False,
        )
    return remember(planned, storage)


def _write_table(
    planned: Planned, trial_scores: TrialScores, storage: Path, console: Console
) -> None:
    """Write a study's table in every form and variant, and what its claims come to; print them."""
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
    console.print("\nThe table is in:")
    for path in (*files.values(), compilation.pdf or compilation.problem):
        console.print(f"  {path}", soft_wrap=True, markup=False)
    console.print(f"and beside it: {', '.join(beside)}.", soft_wrap=True, markup=False)
