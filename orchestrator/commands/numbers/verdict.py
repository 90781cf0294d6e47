"""The command that judges claims, about results of others or about studies in the storage."""

import json
import sys
from pathlib import Path

import click
from rich.text import Text

from orchestrator.commands.options import Option, gathered, json_option, storage_option
from orchestrator.commands.report import choose_planned
from orchestrator.facts import print_facts
from orchestrator.inventory.verdicts import judge_studies, verdicts_facts
from orchestrator.terminal import console
from reports.forms.verdicts_terminal import VerdictsView
from reports.given.assess import Reading, Source, assess
from reports.given.claims_file import UNITS
from reports.given.columns import ColumnNames
from reports.given.files import to_document, write_files
from reports.given.metrics import Scaling
from reports.given.view import assessment_view
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from reports.scores.trials import TrialScores

EXIT_FAILED_CLAIMS = 1

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _columns(
    row_column: str | None,
    seed_column: str | None,
    corpus_column: str | None,
    fold_column: str | None,
    emotion_column: str | None,
    metric: tuple[str, ...],
) -> ColumnNames:
    return ColumnNames(row_column, seed_column, corpus_column, fold_column, emotion_column, metric)


def _column_option(what: str, usual: str) -> Option:
    return click.option(
        f"--{what}-column", metavar="NAME", help=f"Names the {what}.  [default: {usual}]"
    )


column_options = gathered(
    "columns",
    _columns,
    _column_option("row", "row, model, method, system or variant, maybe after params."),
    _column_option("seed", "seed, random_seed or random_state, maybe after params."),
    _column_option("corpus", "corpus or dataset, if there is one"),
    _column_option("fold", "fold, if there is one"),
    _column_option("emotion", "emotion, if there is one"),
    click.option(
        "--metric",
        multiple=True,
        metavar="NAME",
        help="A metric to read; may be given several times.  [default: those of known names]",
    ),
)


def _reading(
    lower_is_better: tuple[str, ...],
    higher_is_better: tuple[str, ...],
    plain: tuple[str, ...],
    unit: Scaling | None,
    baseline: str | None,
    test_share: float | None,
) -> Reading:
    return Reading(
        lower_is_better=lower_is_better,
        higher_is_better=higher_is_better,
        plain=plain,
        scaling=unit,
        baseline=baseline,
        test_share=test_share,
    )


reading_options = gathered(
    "reading",
    _reading,
    click.option(
        "--lower-is-better", multiple=True, metavar="METRIC", help="Of this metric lower is better."
    ),
    click.option(
        "--higher-is-better", multiple=True, metavar="METRIC", help="Of this one higher is better."
    ),
    click.option(
        "--plain",
        multiple=True,
        metavar="METRIC",
        help="Values of this one are neither in percent nor fractions, as a loss is.",
    ),
    click.option(
        "--unit",
        type=click.Choice(UNITS),
        help="The unit of the values.  [default: guessed where evident]",
    ),
    click.option("--baseline", metavar="ROW", help="Compare with this row.  [default: the first]"),
    click.option(
        "--test-share",
        type=click.FloatRange(min=0, min_open=True),
        metavar="RATIO",
        help="Test utterances of a fold divided by its training utterances.  [default: 1 / (k - 1) "
        "for k folds]",
    ),
)


@click.command("verdict")
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.csv|STUDY")
@click.option("--claims", type=_FILE, help="Claims about the rows, in YAML.")
@click.option("--published", type=_FILE, help="Printed values of the rows, as for lint-paper.")
@column_options
@reading_options
@json_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write tables, verdicts and figures to.",
)
@storage_option
def verdict(
    results: Path,
    claims: Path | None,
    published: Path | None,
    columns: ColumnNames,
    reading: Reading,
    as_json: bool,
    out: Path | None,
    storage: Path,
) -> None:
    """Judge claims, of a study or about results that others made.

    RESULTS.csv has a line for each score (row, seed, metric, value; maybe corpus, fold, emotion) or
    for each run (row, seed, then metrics), as MLflow and W&B export runs. Tables, tests and
    verdicts are those of this program's own trials. Without --claims, and without claims in
    --published, rows are compared with the first. docs/verdict.md describes the files.

    STUDY is a study, or a paper, that was run in the storage: its own claims are judged by the
    trials that are finished.

    The exit status is 0 if no claim failed, 1 if a claim FAILS or is REVERSED, and 2 if the input
    is wrong.
    """
    if not results.is_file():
        if claims or published or out:
            raise click.BadParameter(f"File '{results}' does not exist", param_hint="RESULTS.csv")
        _judge_storage(str(results), storage, as_json=as_json)
        return
    assessment = assess(Source(results, claims, published), columns, reading)
    page = write_files(assessment, out) if out else None
    if as_json:
        click.echo(json.dumps(to_document(assessment), indent=2, ensure_ascii=False))
    else:
        console.print(assessment_view(assessment))
        if page is not None:
            console.print(f"\nAll of it is in {page}, and each part beside it", soft_wrap=True)
    if assessment.failed:
        sys.exit(EXIT_FAILED_CLAIMS)


def _judge_storage(name: str, storage: Path, *, as_json: bool) -> None:
    """Judge the claims of a study, or of a paper's studies, by what is finished."""
    ledger = Ledger(storage)
    planned = read_planned(ledger)
    if name.endswith(".csv"):
        raise click.BadParameter(f"File '{name}' does not exist", param_hint="RESULTS.csv")
    trial_scores = TrialScores(ledger)
    judged = judge_studies(choose_planned(planned, [name], storage), trial_scores)
    trial_scores.remember()
    for one in judged:
        place = f"{one.planned.study.name} on {one.planned.corpus} ({one.planned.scale})"
        console.print(Text(place, style="bold"))
        console.print(VerdictsView(one.judged))
    if as_json:
        print_facts(verdicts_facts(judged))
    if any(one.has_failed for one in judged):
        sys.exit(EXIT_FAILED_CLAIMS)
