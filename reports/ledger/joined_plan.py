"""Two plans of one study, made on two machines, become one plan."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from corpora.parsing.sealed import sealed
from reports.ledger.files import write_atomically
from reports.ledger.ledger import Ledger
from reports.ledger.locks import locked
from reports.ledger.planned import LOCK_FILE, Keys, Planned, longer, plan_file, read_plan
from reports.ledger.record import Record
from search_spaces.trial import Stream, Trial

Place = tuple[int, str, tuple[tuple[Stream, int], ...]]
"""What tells the trials of a row apart: the seed, the fold, and streams with seeds of their own."""


@dataclass(frozen=True)
class Joined:
    """What became of a plan that was taken in.

    Attributes:
        planned: What is stored now.
        state: Whether it was not here before, adds trials to the plan here, adds nothing, or cannot
            be joined with the plan here, which then stays as it is.
        remarks: What was not taken, and why.
    """

    planned: Planned
    state: Literal["new", "joined", "same", "apart"]
    remarks: tuple[str, ...] = ()


def join_plan(theirs: Planned, storage: Path) -> Joined:
    """Take in a plan of another storage, whose finished trials are in this one already.

    Plans are joined if they ask the same: the same study but for its seeds, on the same prepared
    corpus. The study stays as it is here. The trials of a row are those here, then those there that
    have another seed or fold, and compute the same else. So no row counts a seed twice, or mixes
    pretrained weights, ways to deal folds, or trials that were trained anew with those before.

    Raises:
        LedgerError: If the plan here, or the record of one of its trials, is damaged.
    """
    path = plan_file(theirs, storage)
    with locked(path.with_name(LOCK_FILE)):
        if not path.is_file():
            write_atomically(path, sealed(theirs))
            return Joined(theirs, "new")
        ours = read_plan(path)
        if reasons := tuple(_differences(ours, theirs)):
            return Joined(ours, "apart", reasons)
        joined, remarks = _join(ours, theirs, Ledger(storage))
        if joined == ours:
            return Joined(ours, "same", remarks)
        write_atomically(path, sealed(joined))
        return Joined(joined, "joined", remarks)


def _differences(ours: Planned, theirs: Planned) -> Iterator[str]:
    """Say in what two plans do not ask the same."""
    fields = type(ours.study).model_fields.keys() - {"seeds"}
    differing = [n for n in sorted(fields) if getattr(ours.study, n) != getattr(theirs.study, n)]
    if differing:
        yield f"the study differs in {', '.join(differing)}"
    if ours.family != theirs.family or set(ours.fingerprints) != set(theirs.fingerprints):
        yield "the corpus was prepared otherwise"
    if ours.num_folds != theirs.num_folds:
        yield "the corpus has other folds"
    if ours.looks and theirs.looks and ours.looks != theirs.looks:
        yield f"it has at most {theirs.looks[-1]} adaptive seeds, here {ours.looks[-1]}"


def _join(ours: Planned, theirs: Planned, ledger: Ledger) -> tuple[Planned, tuple[str, ...]]:
    keys = dict(ours.keys)
    remarks: list[str] = []
    for row, of_row in theirs.keys.items():
        keys[row], remark = _join_row(ours.keys.get(row, ()), of_row, ours.num_folds, ledger)
        remarks += [f"row '{row}': {remark}"] if remark else []
    first = keys.get(ours.baseline, ())[:1]
    varied = {one: of_one for one, of_one in theirs.varied.items() if of_one[:1] == first}
    update = {
        "keys": keys,
        "looks": ours.looks or theirs.looks,
        "varied": {**varied, **longer(ours.varied, varied)},
    }
    return ours.model_copy(update=update), tuple(remarks)


def _join_row(ours: Keys, theirs: Keys, num_folds: int, ledger: Ledger) -> tuple[Keys, str]:
    """Return the trials of a row, and what is left out."""
    if theirs[: len(ours)] == ours:
        return theirs, ""
    new = [key for key in theirs if key not in ours]
    if not new:
        return ours, ""
    here, there = ledger.finished(ours), ledger.finished(new)
    if len(here) < len(ours):
        return ours, f"{len(ours) - len(here)} not finished here; merge again after that"
    places = {_place(record) for record in here.values()}
    free = {key: record for key, record in there.items() if _place(record) not in places}
    alike = {key: record for key, record in free.items() if _is_alike(record, here.values())}
    added = list(alike)
    if num_folds:  # a seed counts with all its folds
        seeds = [record.trial.seed for record in alike.values()]
        added = [key for key in added if seeds.count(alike[key].trial.seed) == num_folds]
    num_other = len(free) - len(alike)
    num_left = len(new) - len(added) - num_other
    reasons = {
        "their seeds are here, or they are not finished": num_left,
        "they have other weights, folds or code than those here": num_other,
    }
    told = (f"{number} not taken: {reason}" for reason, number in reasons.items() if number)
    return (*ours, *added), "; ".join(told)


def _place(record: Record) -> Place:
    """Tell the place of a finished trial."""
    trial = record.trial
    fold = trial.corpus.fold
    return trial.seed, fold.name if fold else "", tuple(sorted(trial.streams.items()))


def _is_alike(record: Record, here: Collection[Record]) -> bool:
    """Whether a trial computes what those here compute, but for seed, streams and fold.

    The code that trained them is told by a report. It counts here only if one of them was trained
    anew, which says that it matters.
    """
    if _computation(record.trial) not in {_computation(one.trial) for one in here}:
        return False
    if not any(one.trial.code for one in (record, *here)):
        return True
    return _code(record) in {_code(one) for one in here}


def _computation(trial: Trial) -> str:
    """Name what a trial computes, but for seed, streams, fold and code."""
    fold = trial.corpus.fold
    first = fold and fold.model_copy(update={"number": 1})
    corpus = trial.corpus.model_copy(update={"fold": first})
    return Trial(config=trial.config, corpus=corpus, seed=0, weights=trial.weights).key


def _code(record: Record) -> str | None:
    return record.trial.code or record.circumstances.code_digest
