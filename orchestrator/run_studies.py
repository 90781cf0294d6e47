"""The main job: plan studies, train what is missing, mirror it, write the tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from orchestrator.corpus_setup import ensure_corpus
from orchestrator.known_corpus import know_corpus
from orchestrator.plan import Plan, default_scale, make_plan
from orchestrator.progress import SweepProgress
from orchestrator.show import plan_view
from orchestrator.storage import tables_folder
from orchestrator.tracking import MlflowMirror
from reports.cells import collect_outcome
from reports.forms.document import write_pdf
from reports.forms.files import write_table
from reports.forms.terminal import TableView
from reports.ledger import Ledger
from reports.record import Epoch, Record
from reports.table import build_table
from search_spaces.study import RowRef, Scale, Study
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
    num_seeds: int | None,
    storage: Path,
    tracking_uri: str,
    num_slots: int | None,
    keeps_models: bool,
    console: Console,
) -> SweepEnd:
    """Run studies on one corpus and write their tables.

    Ray and PyTorch are loaded only if there is something to train.

    Raises:
        CorpusError, LedgerError, StudyError, WeightsError: Before anything is trained.
    """
    ledger = Ledger(storage)
    known = know_corpus(corpus, storage)
    scale = scale or default_scale(known)
    plans = [make_plan(study, known, scale, num_seeds, ledger) for study in studies]
    ensure_corpus(corpus, storage, console, *sorted({r for plan in plans for r in plan.recipes}))
    console.print(plan_view(plans))
    failures = _train_missing(plans, storage, tracking_uri, num_slots, keeps_models, console)
    for plan in plans:
        _write_table(plan, ledger, storage, console)
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


def _write_table(plan: Plan, ledger: Ledger, storage: Path, console: Console) -> None:
    """Write a study's table in every form, print it and say where it is."""
    planned = {row: tuple(trial.key for trial in trials) for row, trials in plan.trials.items()}
    outcome = collect_outcome(
        plan.study,
        plan.corpus.name,
        plan.scale,
        planned,
        ledger,
        family=plan.corpus.family,
    )
    table = build_table(plan.study, [outcome])
    folder = tables_folder(storage, plan.study.name, plan.corpus.name, plan.scale)
    files = write_table(table, folder)
    with console.status("compiling the PDF"):
        compilation = write_pdf(table, folder)
    console.print(TableView(table))
    console.print("\nThe table is in:")
    for path in (*files.values(), compilation.pdf or compilation.problem):
        console.print(f"  {path}", soft_wrap=True, markup=False)
