"""The command that judges claims about results of others."""

import json
import sys
from pathlib import Path

import click

from orchestrator.commands.options import Option, gathered
from orchestrator.terminal import console
from reports.given.assess import Reading, Source, assess
from reports.given.claims_file import UNITS
from reports.given.columns import ColumnNames
from reports.given.files import to_document, write_files
from reports.given.metrics import Scaling
from reports.given.view import assessment_view

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
@click.argument("results", type=_FILE, metavar="RESULTS.csv")
@click.option("--claims", type=_FILE, help="Claims about the rows, in YAML.")
@click.option("--published", type=_FILE, help="Printed values of the rows, as for lint-paper.")
@column_options
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write tables, verdicts and figures to.",
)
def verdict(
    results: Path,
    claims: Path | None,
    published: Path | None,
    columns: ColumnNames,
    reading: Reading,
    as_json: bool,
    out: Path | None,
) -> None:
    """Judge claims about results that others made.

    RESULTS.csv has a line for each score (row, seed, metric, value; maybe corpus, fold, emotion) or
    for each run (row, seed, then metrics), as MLflow and W&B export runs. Tables, tests and
    verdicts are those of this program's own trials. Without --claims, and without claims in
    --published, rows are compared with the first. docs/verdict.md describes the files.

    The exit status is 0 if no claim failed, 1 if a claim FAILS or is REVERSED, and 2 if the input
    is wrong.
    """
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
