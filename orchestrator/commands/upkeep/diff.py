"""The command that compares two studies, or two versions of the code of one."""

from functools import partial
from pathlib import Path
from typing import get_args

import click

from orchestrator.commands.options import json_option, metrics_of_option, storage_option
from orchestrator.facts import print_facts
from orchestrator.terminal import console, errors
from orchestrator.upkeep.diff import compare_studies, compare_versions, diff_facts
from reports.diff.view import ComparisonView
from search_spaces.terms import Scale


@click.command("diff")
@click.argument("a", metavar="A")
@click.argument("b", metavar="[B]", required=False)
@click.option(
    "--code",
    nargs=2,
    metavar="CODE CODE",
    help="Compare A's trials by the code that trained them, instead of two studies: the "
    "beginning of a code's digest, or of its version.",
)
@click.option("--corpus", help="A corpus.  [default: all on which both were run]")
@click.option("--scale", type=click.Choice(get_args(Scale)), help="A scale.  [default: all]")
@metrics_of_option
@json_option
@storage_option
def diff(
    a: str,
    b: str | None,
    code: tuple[str, str] | None,
    corpus: str | None,
    scale: Scale | None,
    as_json: bool,
    storage: Path,
) -> None:
    """Compare studies A and B: rows of one name, their scores and their configs.

    Differences are B minus A, paired by seed and fold, with their 95 % intervals. Trials that
    `--retrain` trained anew are compared with those of before by --code.
    """
    if (b is None) == (code is None):
        raise click.UsageError("name two studies, or one study and --code CODE CODE")
    if code is not None:
        found = compare_versions(
            a,
            code,
            storage,
            corpus=corpus,
            scale=scale,
            tell=partial(errors.print, style="yellow", markup=False, soft_wrap=True),
        )
    else:
        assert b is not None
        found = compare_studies(a, b, storage, corpus=corpus, scale=scale)
    for place, comparison in enumerate(found):
        console.print("\n" if place else "", ComparisonView(comparison), sep="", end="")
    if as_json:
        print_facts(diff_facts(found))
