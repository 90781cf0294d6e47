"""Shows which trials a sweep would train, and does nothing else."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from corpora.preparation.known import know_corpus
from orchestrator.failures.notes import notes_in
from orchestrator.plan.place import Place
from orchestrator.plan.plan import default_scale, make_plan, missing_trials
from orchestrator.plan.seeds import AdaptiveSeeds, Seeds
from orchestrator.plan.view import plan_view
from orchestrator.sweep.choice import Choice, choose
from reports.ledger.ledger import Ledger
from search_spaces.study import Study


def preview_studies(
    studies: Sequence[Study],
    place: Place,
    seeds: Seeds,
    choice: Choice,
    console: Console,
    *,
    retrain: bool,
) -> None:
    """Print the plans of studies, and each trial that would be trained.

    Of adaptive seeds these are the trials of the first look.

    Raises:
        CorpusError, LedgerError, StudyError, WeightsError: As a sweep does before it trains.
        ChoiceError: If the choice names a row or a trial that there is not.
    """
    known, ledger = know_corpus(place.corpus, place.storage), Ledger(place.storage)
    numbers = seeds.looks[0] if isinstance(seeds, AdaptiveSeeds) else seeds
    scale = place.scale or default_scale(known)
    plans = [make_plan(s, known, scale, numbers, ledger, retrain=retrain) for s in studies]
    console.print(plan_view(plans))
    missing = missing_trials(plans)
    chosen = choose(missing, plans, choice, notes_in(place.storage))
    if not choice.is_all:
        console.print(f"chosen: {len(chosen)} of {len(missing)} trials to train")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("key", "study", "row", "seed"):
        table.add_column(header, no_wrap=header == "key")
    for key, (trial, row) in chosen.items():
        table.add_row(key, row.study, row.row, trial.seed_text)
    if chosen:
        console.print(table)
    console.print("Nothing was trained, and nothing was written.")
