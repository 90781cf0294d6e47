"""The commands that take in a ledger, and give one or its scores to others."""

import sys
from pathlib import Path

import click

from corpora.errors import UserError
from corpora.parsing.paths import expand_home
from orchestrator.commands.options import json_option, metrics_of_option, storage_option
from orchestrator.commands.report import choose_planned
from orchestrator.facts import print_facts
from orchestrator.storage.folder import URI, open_storage
from orchestrator.storage.mirror import place_of
from orchestrator.terminal import console, errors
from orchestrator.upkeep.merged import merged_facts, name_plan
from orchestrator.upkeep.merging import Merged, locate_other, merge_ledger, open_target
from orchestrator.upkeep.sizes import say_count
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned

EXIT_INCOMPLETE = 1
TABLES = (".csv", ".parquet")

models_flag = click.option(
    "--models", is_flag=True, help="Kept models too, and the source of users' own systems."
)


@click.command("merge")
@click.argument("other", metavar="OTHER")
@models_flag
@json_option
@storage_option
def merge(other: str, models: bool, as_json: bool, storage: Path) -> None:
    """Take in the finished trials and plans of OTHER storage, a folder or s3://BUCKET/PREFIX.

    Each file is checked against its SHA-256, and nothing that is here changes. If both have a trial
    with other results, the one here stays. Then the exit status is 1; it is also 1 if something
    there is damaged, or a plan asks otherwise than the one here. It can be killed at any moment
    and run again.
    """
    opened = open_storage(storage)
    source = locate_other(other, opened)
    with console.status(f"merging {place_of(source)}"):
        merged = merge_ledger(source, opened, with_models=models)
    _tell(merged)
    if merged.trials:
        console.print("`mmer-sweep report` writes their tables and verdicts.")
    if as_json:
        print_facts(merged_facts(merged))
    if not merged.is_complete:
        sys.exit(EXIT_INCOMPLETE)


@click.command("export")
@click.argument("target", metavar="FILE.csv|FILE.parquet|FOLDER")
@click.argument("studies", nargs=-1)
@models_flag
@metrics_of_option
@storage_option
def export(target: str, studies: tuple[str, ...], models: bool, storage: Path) -> None:
    """Write scores to a table, or the ledger to a folder.

    A table has a row for each score of a trial on the test split. A FOLDER, or s3://BUCKET/PREFIX,
    gets records, predictions and plans, and is a storage then; `merge` takes it in elsewhere.
    STUDIES are studies or papers; without them, all are written.
    """
    is_table = not URI.match(target) and Path(target).suffix in TABLES
    if is_table and models:
        raise click.UsageError("'--models' works only for a folder: a table holds no models")
    chosen = choose_planned(read_planned(Ledger(storage)), studies, storage)
    if is_table:
        from orchestrator.upkeep.scores_table import write_scores  # loads pandas

        path = expand_home(target).absolute()
        num_scores = write_scores(chosen, storage, path)
        console.print(f"{say_count(num_scores, 'score')} written to {path}", soft_wrap=True)
        return
    _refuse_other_files(target)
    folder = open_target(target, storage)
    with console.status(f"writing to {place_of(folder)}"):
        merged = merge_ledger(
            storage, folder, with_models=models, chosen=chosen if studies else None
        )
    _tell(merged)
    console.print(
        f"`mmer-sweep merge` takes it in on another machine: {place_of(folder)}", soft_wrap=True
    )
    if not merged.is_complete:
        sys.exit(EXIT_INCOMPLETE)


def _refuse_other_files(target: str) -> None:
    path = Path(target)
    if not URI.match(target) and path.suffix and not (path.is_dir() or target.endswith("/")):
        raise UserError(
            f"'{target}' is neither a table nor a folder: a table ends in {' or '.join(TABLES)}, "
            "and the name of a new folder with a dot ends in /"
        )


def _tell(merged: Merged) -> None:
    """Print what was taken in, and what was not."""
    for fault in merged.faults:
        errors.print(f"error: {fault}", style="red")
    for key in merged.differing:
        errors.print(f"trial '{key}' has other results there; the one here stays", style="yellow")
    for one in merged.plans:
        if one.state == "apart":
            errors.print(
                f"{name_plan(one)}: the plan here stays ({'; '.join(one.remarks)}); run the study "
                "as you want it: finished trials are not trained again",
                style="yellow",
            )
            continue
        for remark in one.remarks:
            console.print(f"{name_plan(one)}: {remark}", soft_wrap=True)
    taken = [name_plan(one) for one in merged.plans if one.state in ("new", "joined")]
    with_models = f", {len(merged.models)} with their models" if merged.models else ""
    console.print(
        f"{say_count(len(merged.trials), 'trial')} taken in{with_models}; {len(merged.known)} were "
        f"there already, {len(merged.differing)} with other results.",
        soft_wrap=True,
    )
    if taken:
        console.print(f"Plans: {', '.join(taken)}", soft_wrap=True)
    if merged.searches:
        console.print(
            f"Searches are not taken, only their trials: {', '.join(merged.searches)}",
            soft_wrap=True,
        )
