"""The commands that list and show studies, spaces and corpora."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from corpora.errors import did_you_mean
from corpora.source.names import SYNTHETIC
from corpora.store.folders import prepared_names
from orchestrator.commands.options import storage_option
from orchestrator.status.trial_name import names_trial
from orchestrator.terminal import console
from reports.scores.names import corpus_title
from search_spaces.catalogue import COLLECTIONS, SPACES, STUDIES, load_studies
from search_spaces.change import flatten
from search_spaces.claim import Claim
from search_spaces.errors import StudyError
from search_spaces.paper_claims import claims_of
from search_spaces.study import Baseline, Study

COLUMNS_BESIDE = 6
"""How many columns of a printed table fit beside each other into a narrow terminal."""


NUM_SAMPLES, MAX_SAMPLES = 12, 50
"""Utterances on a contact sheet, by default and at most: more do not fit into one picture."""


@click.command("list")
@storage_option
def list_all(storage: Path) -> None:
    """List the studies, the spaces and the prepared corpora."""
    console.print(studies_table(STUDIES.values()))
    console.print("\nTogether, with shared trials trained once:")
    for collection, members in COLLECTIONS.items():
        console.print(f"  {collection}: {', '.join(member.name for member in members)}")
    console.print(f"\nSpaces to search: {', '.join(SPACES)}")
    console.print(f"\nCorpora: {', '.join(_corpus_names(storage))}")


@click.command("show")
@click.argument("name", metavar="STUDY|CORPUS|FILE.py|KEY|STUDY/ROW/SEED")
@click.option(
    "--samples",
    type=click.IntRange(0, MAX_SAMPLES),
    help=f"Utterances on a corpus's contact sheet; 0 writes none.  [default: {NUM_SAMPLES}]",
)
@click.option(
    "--remarks",
    is_flag=True,
    help="List the utterances of a corpus that lack something or were rejected.",
)
@click.option("--corpus", help="The corpus of the trial, if its study was run on several.")
@storage_option
def show(name: str, samples: int | None, remarks: bool, corpus: str | None, storage: Path) -> None:
    """Show a study's rows, a prepared corpus, or all about one trial.

    A trial is named by the beginning of its key, or as STUDY/ROW/SEED.
    """
    studies = _studies_named(name)
    if studies and (remarks or samples is not None):
        option = "--remarks" if remarks else "--samples"
        raise click.UsageError(f"'{name}' is no corpus; '{option}' works only for a corpus")
    if studies:
        console.print(Group(*map(study_view, studies)))
    elif name in prepared_names(storage):
        from orchestrator.corpus.view import print_remarks, show_corpus  # loads Arrow

        if remarks:
            print_remarks(name, storage, console)
            return
        num_samples = NUM_SAMPLES if samples is None else samples
        show_corpus(name, storage, console, num_samples=num_samples)
    elif names_trial(name):
        from orchestrator.status.find_trial import find_trial  # loads the code that reads a ledger
        from orchestrator.status.trial_facts import collect_trial
        from orchestrator.status.trial_view import trial_view

        console.print(trial_view(collect_trial(find_trial(name, storage, corpus), storage)))
    else:
        corpora = _corpus_names(storage)
        made_later = "" if SYNTHETIC in prepared_names(storage) else ", which the first sweep makes"
        raise StudyError(
            f"'{name}' is neither a study nor a prepared corpus; "
            f"{did_you_mean(name, (*STUDIES, *corpora))}studies: {', '.join(STUDIES)}; corpora: "
            f"{', '.join((*corpora[1:], corpora[0]))}{made_later}"
        )


def _studies_named(name: str) -> Sequence[Study]:
    """Return a built-in study, those of a collection, or those of a Python file; none if none is.

    Raises:
        StudyError: If the file has none.
    """
    if name in STUDIES:
        return [STUDIES[name]]
    return load_studies(Path(name)) if name.endswith(".py") else COLLECTIONS.get(name, ())


def _corpus_names(storage: Path) -> list[str]:
    """Name the synthetic corpus, which needs no preparation, and those that are prepared."""
    return [SYNTHETIC, *(name for name in prepared_names(storage) if name != SYNTHETIC)]


def studies_table(studies: Iterable[Study]) -> RenderableType:
    """List studies with their tables and sizes."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("study", "title", "source"):
        table.add_column(header)
    table.add_column("rows", justify="right")
    for study in studies:
        table.add_row(study.name, study.title, _source(study), str(len(study.rows)))
    return table


def study_view(study: Study) -> RenderableType:
    """Show a study's rows, with the printed values and the changes of each, and its claims."""
    changes = Table(box=None, padding=(0, 2, 0, 0))
    changes.add_column("row")
    changes.add_column("changes in the baseline")
    for row in study.rows:
        own = _own_baseline(row.baseline, study.baseline) if row.baseline else []
        changed = own + [f"{path} = {_plain(value)}" for path, value in row.change.items()]
        changes.add_row(row.name, "\n".join(changed) or "nothing")
    return Group(
        Text(f"{study.name}: {study.title} ({_source(study)})", style="bold"),
        Text(f"seeds {', '.join(map(str, study.seeds))}"),
        *_printed_tables(study),
        Text("\nRows:"),
        changes,
        Text("\nClaims:" if study.claims else ""),
        *(Text(_describe(claim)) for claim in claims_of(study)),
    )


def _own_baseline(own: Baseline, baseline: Baseline) -> list[str]:
    """Name the system of a row's own baseline, or what differs in each scale if it is the same."""
    if _system(own) != _system(baseline):
        return [f"another system: {_system(own)}"]
    lines = [
        f"{path} = {_plain(value)} (scale {scale})"
        for scale, configs in own.items()
        for corpus, config in configs.items()
        if (rival := baseline.get(scale, {}).get(corpus)) is not None
        for path, value in flatten(config).items()
        if value != flatten(rival).get(path)
    ]
    return list(dict.fromkeys(lines))


def _printed_tables(study: Study) -> Iterable[RenderableType]:
    """Show each printed table, a few columns at a time."""
    for table_id in study.printed_tables:
        published = study.printed.table(table_id)
        place = f", {corpus_title(published.dataset)}" if published.dataset else ""
        yield Text(f"\nPrinted in {published.label}{place}, in {published.unit}:")
        for start in range(0, len(published.columns), COLUMNS_BESIDE):
            yield _printed_columns(study, table_id, slice(start, start + COLUMNS_BESIDE))


def _printed_columns(study: Study, table_id: str, part: slice) -> RenderableType:
    printed = Table(box=None, padding=(0, 1, 0, 0))
    printed.add_column("row")
    for column in study.printed.table(table_id).columns[part]:
        printed.add_column(column.replace(".", "\n"), justify="right", no_wrap=True)
    for row in study.rows:
        references = [r for r in row.published if r.startswith(f"{table_id}/")]
        values = study.printed.row(references[0]).values[part] if references else ()
        printed.add_row(row.name, *values)
    return printed


def _describe(claim: Claim) -> str:
    reading = claim.note or claim.untestable
    return f"{claim.id}  {claim.text}" + (f" [{reading}]" if reading else "")


def _system(baseline: Baseline) -> str:
    """Name the systems of a baseline; most baselines have one."""
    configs = (config for by_corpus in baseline.values() for config in by_corpus.values())
    return ", ".join(dict.fromkeys(config.model.system for config in configs))


def _plain(value: JsonValue) -> str:
    """Write a changed value without the quotes of JSON."""
    return json.dumps(value).replace('"', "")


def _source(study: Study) -> str:
    if study.source is None:
        return "own"
    first_author = study.source.paper.authors.split(",")[0]
    return f"{first_author} et al., {study.source.label}"
