"""Finds a trial that a user names: by the beginning of its key, or as STUDY/ROW/SEED."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import did_you_mean
from orchestrator.errors import TrialChoiceError
from orchestrator.failures.notes import FailureNote, FailureNotes, notes_in
from orchestrator.status.trial_name import KEY
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.planned import Planned, read_planned
from reports.ledger.record import Record
from search_spaces.study import RowRef
from search_spaces.trial import Trial, TrialConfig

MAX_CHOICES = 8


@dataclass(frozen=True)
class FoundTrial:
    """A trial, and what the storage has of it.

    Attributes:
        key: Its key.
        record: Its record; None if it is not finished.
        note: The note on its failure; None if it did not fail when it was tried last.
        rows: The rows that it stands for, with the plan of each.
    """

    key: str
    record: Record | None
    note: FailureNote | None
    rows: tuple[tuple[Planned, RowRef], ...]

    @property
    def trial(self) -> Trial | None:
        """The trial; None if it is planned, but was neither finished nor failed."""
        if self.record is not None:
            return self.record.trial
        return self.note.trial if self.note is not None else None

    @property
    def config(self) -> TrialConfig | None:
        """Its config; None if neither a record nor a plan has it."""
        if self.trial is not None:
            return self.trial.config
        return self.config_of(self.rows[0][1].row) if self.rows else None

    @property
    def baseline(self) -> tuple[str, TrialConfig] | None:
        """The row that its first row is compared with, and the config of that; None if unknown."""
        if not self.rows:
            return None
        row = self.rows[0][0].baseline
        config = self.config_of(row)
        return None if config is None else (row, config)

    def config_of(self, row: str) -> TrialConfig | None:
        """Return the config of a row of its first study."""
        planned = self.rows[0][0]
        return planned.study.configs(planned.family, planned.scale).get(row)


def find_trial(name: str, storage: Path, corpus: str | None = None) -> FoundTrial:
    """Find the trial that a name means.

    Args:
        name: The beginning of a key, or STUDY/ROW/SEED.
        storage: The storage folder.
        corpus: Look only at studies on this corpus.

    Raises:
        LedgerError: If a record or a plan is damaged.
        OSError: If the storage cannot be reached.
        TrialChoiceError: If no trial has the name, or several have.
    """
    ledger, notes = Ledger(storage), notes_in(storage)
    plans = [one for one in read_planned(ledger) if corpus in (None, one.corpus)]
    if KEY.fullmatch(name):
        keys = _keys_from(name, ledger, notes, plans)
    else:
        keys = _keys_named(name, ledger, notes, plans)
    if not keys:
        raise TrialChoiceError(
            f"'{name}': no trial has this name in {storage}; {_tell_choices(name, plans)}"
        )
    if len(keys) > 1:
        shown = ", ".join(keys[:MAX_CHOICES])
        more = "" if len(keys) <= MAX_CHOICES else f", and {len(keys) - MAX_CHOICES} more"
        cure = "give more of the key" if KEY.fullmatch(name) else "give the key, or --corpus"
        raise TrialChoiceError(f"'{name}' names {len(keys)} trials: {shown}{more}; {cure}")
    (key,) = keys
    rows = ((one, ref) for one in plans for ref in one.rows_by_key.get(key, ()))
    return FoundTrial(key, ledger.find(key), notes.find(key), tuple(rows))


def _keys_from(
    start: str, ledger: Ledger, notes: FailureNotes, plans: Sequence[Planned]
) -> list[str]:
    """Name the trials whose keys begin so."""
    finished = (path.parent.name for path in ledger.trials.glob(f"{start}*/{RECORD_FILE}"))
    planned = (key for one in plans for key in one.rows_by_key)
    every = {*finished, *notes.keys(), *planned}
    return sorted(key for key in every if key.startswith(start))


def _keys_named(
    name: str, ledger: Ledger, notes: FailureNotes, plans: Sequence[Planned]
) -> list[str]:
    """Name the trials that STUDY/ROW/SEED means."""
    study, _, rest = name.partition("/")
    row, _, seed = rest.rpartition("/")
    found = [
        key
        for one in plans
        if one.study.name == study
        for key in _of_seed(one.keys.get(row, ()), seed, one, ledger, notes)
    ]
    failed = [note.trial.key for note in notes.every() if note.failed.name == name]
    return list(dict.fromkeys([*found, *failed]))


def _tell_choices(name: str, plans: Sequence[Planned]) -> str:
    """Say which names there are at the first part that fits none."""
    study, _, rest = name.partition("/")
    row, _, _ = rest.rpartition("/")
    of_study = [one for one in plans if one.study.name == study]
    if not of_study:
        names = dict.fromkeys(one.study.name for one in plans)
        return f"studies that were run there: {', '.join(names) or 'none'}"
    rows = dict.fromkeys(row for one in of_study for row in one.keys)
    if row not in rows:
        return f"{did_you_mean(row, rows)}rows: {', '.join(rows)}"
    most = max(len(one.keys.get(row, ())) for one in of_study)
    return f"this row has {most} trials, seeds from 0 on by default"


def _of_seed(
    keys: Sequence[str], seed: str, planned: Planned, ledger: Ledger, notes: FailureNotes
) -> list[str]:
    """Choose the trials of a seed; those that did not end yet are known by their place alone."""
    seeds = planned.study.seeds
    numbers = seeds if len(seeds) == len(keys) else range(len(keys))
    chosen = []
    for key, number in zip(keys, numbers, strict=True):
        ended = ledger.find(key) or notes.find(key)
        text = str(number) if ended is None else ended.trial.seed_text
        if seed in (text, text.replace(", ", ",")):
            chosen.append(key)
    return chosen
