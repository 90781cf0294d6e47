"""Chooses the finished trial that predicts: by its key, or the best one of a study."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.errors import TrialChoiceError
from orchestrator.plan.plan import Plan
from orchestrator.storage.mirror import place_of
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.record import Record
from reports.prediction.prediction import valid_score
from search_spaces.study import RowRef

MIN_DIGITS = 6
MAX_CHOICES = 10


@dataclass(frozen=True)
class ChosenTrial:
    """A finished trial, and the rows that it stands for."""

    record: Record
    rows: tuple[RowRef, ...]


def trial_by_key(ledger: Ledger, prefix: str) -> ChosenTrial:
    """Find a finished trial by its key, or by enough of the key's first digits.

    Raises:
        LedgerError: If its record is damaged.
        TrialChoiceError: If no trial has such a key, or more than one has.
    """
    if len(prefix) < MIN_DIGITS:
        raise TrialChoiceError(
            f"'{prefix}' is too short for a trial's key: give {MIN_DIGITS} digits or more"
        )
    every = sorted(path.parent.name for path in ledger.trials.glob(f"*/{RECORD_FILE}"))
    found = [key for key in every if key.startswith(prefix)]
    if len(found) > 1:
        raise TrialChoiceError(
            f"{len(found)} trials have a key that begins with '{prefix}'; choose from "
            f"{_described(ledger, found)}"
        )
    record = ledger.find(found[0]) if found else None
    if record is None:
        choices = f"choose from {_described(ledger, every)}" if every else "train some first"
        raise TrialChoiceError(
            f"no finished trial in '{place_of(ledger.storage)}' has a key that begins with "
            f"'{prefix}'; {choices}; or name a study with --best"
        )
    return ChosenTrial(record, (_trained_for(record),))


def best_trial(plans: Sequence[Plan]) -> ChosenTrial:
    """Find the finished trial of some studies with the highest validation F1.

    If several are equal, it takes the first key. It does not use scores on the test split, nor
    trials that diverged, though they may have a model from before.

    Args:
        plans: The studies, resolved on one corpus.

    Raises:
        TrialChoiceError: If no trial is finished, or all have diverged.
    """
    finished = {key: record for plan in plans for key, record in plan.finished.items()}
    if not finished:
        studies = ", ".join(f"'{plan.study.name}'" for plan in plans)
        raise TrialChoiceError(
            f"study {studies} has no finished trial on corpus '{plans[0].corpus.name}' at the "
            f"scale '{plans[0].scale}'; run it first, or choose another --corpus, --scale or "
            "--seeds"
        )
    best = best_of(finished.values())
    if best is None:
        raise TrialChoiceError(
            f"all {len(finished)} finished trials diverged; choose another study, --corpus or "
            "--scale, or name a trial with --trial"
        )
    rows = (row for plan in plans for row in plan.rows_by_key.get(best.key, ()))
    return ChosenTrial(best, tuple(rows))


def best_of(records: Iterable[Record]) -> Record | None:
    """Choose the trial with the highest validation score; None if all have diverged."""
    trained = [record for record in records if not record.result.has_diverged]
    return min(trained, key=lambda record: (-valid_score(record), record.key), default=None)


def _described(ledger: Ledger, keys: Sequence[str]) -> str:
    records = ledger.finished(keys[:MAX_CHOICES])
    names = [
        f"{key} ({_trained_for(record)}, seed {record.trial.seed_text})"
        for key, record in records.items()
    ]
    num_more = len(keys) - len(names)
    return ", ".join(names) + (f", and {num_more} more" if num_more else "")


def _trained_for(record: Record) -> RowRef:
    return RowRef(record.circumstances.study, record.circumstances.row)
