"""Which of the missing trials of a sweep are trained: some rows, or those that failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from corpora.errors import UserError, did_you_mean
from orchestrator.failures.notes import FailureNotes, name_of
from orchestrator.plan.plan import Plan
from search_spaces.study import RowRef
from search_spaces.trial import Trial

Missing = Mapping[str, tuple[Trial, RowRef]]


class ChoiceError(UserError):
    """The user chooses rows or trials that the studies do not have."""


@dataclass(frozen=True)
class Choice:
    """What to train of the trials that are missing; by default, all.

    Attributes:
        rows: Names of rows, or patterns as those of a shell.
        only_failed: Only trials that failed when they were tried last.
        retry: Trials: beginnings of their keys, or STUDY/ROW/SEED.
    """

    rows: tuple[str, ...] = ()
    only_failed: bool = False
    retry: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == EVERYTHING


EVERYTHING = Choice()


def choose(missing: Missing, plans: Sequence[Plan], choice: Choice, notes: FailureNotes) -> Missing:
    """Leave out the missing trials that the user did not choose.

    Raises:
        ChoiceError: If no row, or no trial, has a name that the user gave.
        OSError: If the notes on failed trials cannot be read.
    """
    chosen = dict(missing)
    if choice.rows:
        keys = {key for pattern in choice.rows for key in _keys_of(pattern, plans)}
        chosen = {key: one for key, one in chosen.items() if key in keys}
    if choice.retry:
        keys = {_find_key(start, plans) for start in choice.retry}
        chosen = {key: one for key, one in chosen.items() if key in keys}
    if choice.only_failed:
        failed = notes.keys()
        chosen = {key: one for key, one in chosen.items() if key in failed}
    return chosen


def _keys_of(pattern: str, plans: Sequence[Plan]) -> set[str]:
    """Name the trials of the rows that a pattern names."""
    rows = {row: of_row for plan in plans for row, of_row in plan.trials.items()}
    named = [row for row in rows if row == pattern] or [
        row for row in rows if fnmatchcase(row, pattern)
    ]
    if not named:
        raise ChoiceError(
            f"--rows {pattern}: no such row; {did_you_mean(pattern, rows)}rows: {', '.join(rows)}"
        )
    return {trial.key for plan in plans for row in named for trial in plan.trials.get(row, ())}


def _named(name: str, plan: Plan) -> list[str]:
    """List the trials of a plan that STUDY/ROW/SEED means."""
    return [
        trial.key
        for row, trials in plan.trials.items()
        for trial in trials
        if name_of(RowRef(plan.study.name, row), trial) == name
    ]


def _find_key(start: str, plans: Sequence[Plan]) -> str:
    """Complete the key of a trial.

    Raises:
        ChoiceError: If there is no such trial, if several keys begin so, or if it is finished.
    """
    every = {key for plan in plans for key in plan.by_key}
    named = [key for plan in plans for key in _named(start, plan)]
    found = sorted(set(named)) or [key for key in sorted(every) if key.startswith(start)]
    studies = ", ".join(plan.study.name for plan in plans)
    if not found:
        raise ChoiceError(
            f"--retry {start}: no trial of {studies} has a key that begins so, or is named so "
            "(STUDY/ROW/SEED)"
        )
    if len(found) > 1:
        raise ChoiceError(f"--retry {start}: {len(found)} keys begin so: {', '.join(found)}")
    if any(found[0] in plan.finished for plan in plans):
        raise ChoiceError(f"--retry {start}: trial {found[0]} is finished, it has its record")
    return found[0]
