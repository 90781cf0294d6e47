"""Chooses the finished trials that a figure of trained models shows, without using scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.storage.trials import has_model
from reports.ledger.record import Record
from search_spaces.study import RowRef

Trials = Mapping[RowRef, Sequence[Record]]
"""The finished trials of rows, all on one corpus and at one scale."""


class NotDrawnError(Exception):
    """A figure cannot be drawn; the message says why, and what to do."""


def with_kept_models(trials: Trials, rows: Sequence[RowRef], storage: Path) -> dict[RowRef, Record]:
    """Choose a trial of each row, all with the lowest seed for which every row's model is kept.

    If the corpus has folds, the fold is the same too, the first of that seed.

    Raises:
        NotDrawnError: If there is no such seed.
    """
    wanted = list(dict.fromkeys(rows))
    by_seed = {
        row: {
            (record.trial.seed, _fold_number(record)): record
            for record in trials.get(row, ())
            if has_model(storage, record)
        }
        for row in wanted
    }
    seeds = set.intersection(*(set(found) for found in by_seed.values()))
    if seeds:
        return {row: found[min(seeds)] for row, found in by_seed.items()}
    lacking = [str(row) for row, found in by_seed.items() if not found]
    studies = ", ".join(sorted({row.study for row in wanted}))
    which = "the rows have no seed in common of which every model is kept"
    if lacking:
        which = f"no trained model is kept of {', '.join(lacking)}"
    raise NotDrawnError(
        f"{which}; run {studies} without --no-models (a trial that is finished already is trained "
        "again only if its folder is moved away)"
    )


def _fold_number(record: Record) -> int:
    fold = record.trial.corpus.fold
    return fold.number if fold else 0
