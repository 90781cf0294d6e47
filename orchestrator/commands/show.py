"""The commands that list and show studies, spaces, corpora and trials."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Group

from corpora.errors import did_you_mean
from corpora.source.names import SYNTHETIC
from corpora.store.folders import prepared_names
from orchestrator.commands.options import json_option, storage_option
from orchestrator.facts import print_facts
from orchestrator.inventory.view import studies_table, study_view
from orchestrator.status.trial_name import names_trial
from orchestrator.terminal import console
from search_spaces.catalogue import COLLECTIONS, SPACES, STUDIES, load_studies
from search_spaces.errors import StudyError
from search_spaces.study import Study

NUM_SAMPLES, MAX_SAMPLES = 12, 50
"""Utterances on a contact sheet, by default and at most: more do not fit into one picture."""


@click.command("list")
@json_option
@storage_option
def list_all(as_json: bool, storage: Path) -> None:
    """List the studies, the spaces and the prepared corpora."""
    if as_json:
        from orchestrator.inventory.studies import list_facts

        corpora = _corpus_names(storage)
        print_facts(list_facts(STUDIES.values(), COLLECTIONS, SPACES, corpora))
        return
    console.print(studies_table(STUDIES.values()))
    console.print("\nTogether, with shared trials trained once:")
    for collection, members in COLLECTIONS.items():
        console.print(f"  {collection}: {', '.join(member.name for member in members)}")
    console.print(f"\nSpaces to search: {', '.join(SPACES)}")
    made = SYNTHETIC in prepared_names(storage)
    later = "" if made else f" ({SYNTHETIC}: made by the first sweep that reads it)"
    console.print(f"\nCorpora: {', '.join(_corpus_names(storage))}{later}")


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
@json_option
@storage_option
def show(
    name: str,
    samples: int | None,
    remarks: bool,
    corpus: str | None,
    as_json: bool,
    storage: Path,
) -> None:
    """Show a study's rows, a prepared corpus, or all about one trial.

    A trial is named by the beginning of its key, or as STUDY/ROW/SEED. JSON of a corpus comes
    without a contact sheet.
    """
    studies = _studies_named(name)
    if studies and (remarks or samples is not None):
        option = "--remarks" if remarks else "--samples"
        raise click.UsageError(f"'{name}' is no corpus; '{option}' works only for a corpus")
    if remarks and as_json:
        raise click.UsageError("'--remarks' is for readers; leave out '--json'")
    if studies:
        _show_studies(studies, as_json=as_json)
    elif name in prepared_names(storage) and as_json:
        from orchestrator.inventory.studies import corpus_facts

        print_facts(corpus_facts(name, storage))
    elif name in prepared_names(storage):
        _show_corpus(name, storage, samples, remarks=remarks)
    elif names_trial(name):
        _show_trial(name, storage, corpus, as_json=as_json)
    else:
        corpora = _corpus_names(storage)
        made_later = "" if SYNTHETIC in prepared_names(storage) else ", which the first sweep makes"
        raise StudyError(
            f"'{name}' is neither a study nor a prepared corpus{_no_trial(name)}; "
            f"{did_you_mean(name, (*STUDIES, *corpora))}studies: {', '.join(STUDIES)}; corpora: "
            f"{', '.join((*corpora[1:], corpora[0]))}{made_later}"
        )


def _no_trial(name: str) -> str:
    return ", and a trial is named STUDY/ROW/SEED" if "/" in name else ""


def _show_studies(studies: Sequence[Study], *, as_json: bool) -> None:
    if as_json:
        from orchestrator.inventory.studies import studies_facts

        print_facts(studies_facts(studies))
    else:
        console.print(Group(*map(study_view, studies)))


def _show_corpus(name: str, storage: Path, samples: int | None, *, remarks: bool) -> None:
    from orchestrator.corpus.view import print_remarks, show_corpus  # loads Arrow

    if remarks:
        print_remarks(name, storage, console)
        return
    num_samples = NUM_SAMPLES if samples is None else samples
    show_corpus(name, storage, console, num_samples=num_samples)


def _show_trial(name: str, storage: Path, corpus: str | None, *, as_json: bool) -> None:
    from orchestrator.status.find_trial import find_trial  # loads the code that reads a ledger
    from orchestrator.status.trial_facts import collect_trial
    from orchestrator.status.trial_view import trial_view

    facts = collect_trial(find_trial(name, storage, corpus), storage)
    if as_json:
        print_facts(facts)
    else:
        console.print(trial_view(facts))


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
