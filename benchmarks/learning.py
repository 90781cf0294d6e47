"""How well do the rows of a study learn at a scale, and how long does one of their trials take?

    mmer-sweep prepare synthetic --storage STORAGE
    python -m benchmarks.learning STUDY STORAGE [--scale SCALE] [--seeds N] [--row NAME]...

Trials are trained one after another in this process, on one thread each. They are records like any
other, so what is finished is not trained again. Below the rows stand the floors of the corpus.
"""

from collections.abc import Collection
from pathlib import Path
from statistics import mean
from typing import get_args

import click
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table, this_machine
from corpora.preparation.known import know_corpus
from corpora.source.names import SYNTHETIC
from orchestrator.floors.ensure import ensure_floors
from orchestrator.plan.plan import Plan, make_plan, planned_of
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.scores.cells import collect_outcome, make_cell
from reports.scores.floors import FLOORS
from reports.scores.trials import TrialScores
from search_spaces.catalogue import STUDIES
from search_spaces.study import RowRef
from search_spaces.terms import Scale


def train_rows(plan: Plan, rows: Collection[str], storage: Path) -> None:
    """Train the missing trials of some rows on the CPU."""
    conditions = Conditions(device=torch.device("cpu"), keeps_model=False)
    for row in rows:
        for trial in plan.trials[row]:
            trained_for = RowRef(plan.study.name, row)
            run_trial(trial, storage, trained_for=trained_for, conditions=conditions)


def in_percent(score: float | None) -> str:
    """Write a score, or nothing if there is none."""
    return "" if score is None else f"{100 * score:.1f}"


def learning_table(plan: Plan, rows: Collection[str], storage: Path) -> Table:
    """Tabulate test F1 and processor time of finished rows, in percent and seconds, with floors."""
    planned, trial_scores = planned_of(plan, looks=()), TrialScores(Ledger(storage))
    ensure_floors([planned], trial_scores, storage, Console(stderr=True))
    outcome = collect_outcome(planned, trial_scores)
    table = markdown_table("row", "seeds", "F1", "standard deviation", "CPU s a trial")
    for row in rows:
        cell = make_cell(outcome, row, "f1", None, trial_scores)
        records = [outcome.records[key] for key in outcome.planned[row]]
        cpu_s = mean(record.circumstances.cpu_s or 0.0 for record in records)
        mean_f1, std = in_percent(cell.mean), in_percent(cell.std)
        table.add_row(row, str(cell.num_scores), mean_f1, std, f"{cpu_s:.0f}")
    if (floors := outcome.floors) is not None:
        for floor in FLOORS:
            table.add_row(floor, "", in_percent(floors.find(floor, "f1")), "", "")
    return table


@click.command()
@click.argument("study", type=click.Choice(list(STUDIES)))
@click.argument("storage", type=click.Path(exists=True, path_type=Path, resolve_path=True))
@click.option("--corpus", default=SYNTHETIC, show_default=True, help="A prepared corpus.")
@click.option("--scale", type=click.Choice(get_args(Scale)), default="tiny", show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--row", "rows", multiple=True, help="A row to train.  [default: all of the study]")
def main(
    study: str, storage: Path, corpus: str, scale: Scale, seeds: int, rows: tuple[str, ...]
) -> None:
    """Train rows of a study, and print a table."""
    known = know_corpus(corpus, storage)
    plan = make_plan(STUDIES[study], known, scale, seeds, Ledger(storage))
    if unknown := set(rows) - set(plan.trials):
        raise click.UsageError(
            f"study '{study}' has no row {', '.join(map(repr, sorted(unknown)))}; choose from "
            f"{', '.join(plan.trials)}"
        )
    chosen = rows or tuple(plan.trials)
    train_rows(plan, chosen, storage)
    console = Console(width=150)
    console.print(str(this_machine(libraries=("torch",))))
    console.print(learning_table(plan, chosen, storage))


if __name__ == "__main__":
    main()
