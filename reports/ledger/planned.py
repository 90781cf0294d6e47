"""Planned studies: each study on each corpus with the keys of its trials, beside the ledger.

With them a report finds every study, also a user's own, and needs neither corpus nor study file.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from pydantic import NonNegativeInt

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from models.configs.base import Config, later
from reports.ledger.files import write_atomically
from reports.ledger.ledger import Ledger, LedgerError
from reports.ledger.locks import locked
from search_spaces.claim import Claim
from search_spaces.errors import StudyError
from search_spaces.study import RowRef, Study
from search_spaces.terms import Scale
from search_spaces.trial import Stream

Keys = tuple[str, ...]
Name = TypeVar("Name", bound=str)

FOLDER = "plans"
LOCK_FILE = "lock"


class Planned(Config):
    """A study on one corpus at one scale: for each row, the keys of its trials, one for each seed.

    `looks` are the numbers of seeds at which open claims are judged, if the seeds are adaptive; it
    is empty if the number of seeds is fixed. `fingerprints` names the prepared corpus, once for
    each recipe that the study reads. `varied` are trials of the row that the others are compared
    with, in which one random stream alone has another seed; the first of each is the row's first.
    They are no seeds of the row. If the corpus has `num_folds` folds, the keys of a row are those
    of all folds with the first seed, then with the next.
    """

    study: Study
    corpus: str
    family: str
    scale: Scale
    keys: Mapping[str, tuple[str, ...]]
    looks: tuple[int, ...] = ()
    fingerprints: tuple[str, ...] = ()
    varied: Mapping[Stream, tuple[str, ...]] = later({})
    num_folds: NonNegativeInt = later(0)

    @property
    def place(self) -> tuple[str, str]:
        """The folder and the name under which files about the planned study are kept."""
        return self.study.name, f"{self.corpus}-{self.scale}"

    @property
    def baseline(self) -> str:
        """The row that the others are compared with."""
        return self.study.find_baseline_row(self.family, self.scale)

    @property
    def rows_by_key(self) -> dict[str, tuple[RowRef, ...]]:
        """Name the rows that share each trial, in the order in which trials are trained.

        What is varied counts as a row of its own.
        """
        varied = {name_varied(self.baseline, one): keys for one, keys in self.varied.items()}
        return rows_of_keys(self.study.name, {**self.keys, **varied})


def name_varied(row: str, stream: Stream) -> str:
    """Name the trials of a row in which a random stream is varied alone."""
    return f"{row} ({stream} varied)"


def remember(planned: Planned, storage: Path) -> Planned:
    """Store a planned study; a lock keeps other processes from writing it at the same time.

    Returns:
        What is stored. If the stored plan of a row goes on with more seeds, the row keeps them all.
        If the seeds were adaptive once, they stay adaptive: their number has depended on scores.

    Raises:
        LedgerError: If the seeds were adaptive before, with another maximum.
    """
    path = plan_file(planned, storage)
    with locked(path.with_name(LOCK_FILE)):
        if path.is_file():
            planned = _go_on(planned, read_plan(path), path)
        write_atomically(path, sealed(planned))
    return planned


def _go_on(planned: Planned, before: Planned, path: Path) -> Planned:
    if planned.looks and before.looks and planned.looks != before.looks:
        raise LedgerError(
            f"plan '{path}' was begun with at most {before.looks[-1]} adaptive seeds, not "
            f"{planned.looks[-1]}; verdicts err more often if the maximum is changed after scores "
            f"were seen; give --max-seeds {before.looks[-1]}, or another --storage"
        )
    keys = longer(planned.keys, before.keys)
    first = keys.get(planned.baseline, ())[:1]
    varied = {one: of_one for one, of_one in before.varied.items() if of_one[:1] == first}
    updated = {
        "keys": keys,
        "varied": {**varied, **longer(planned.varied, before.varied)},
        "looks": planned.looks or before.looks,
    }
    return planned.model_copy(update=updated)


def longer(now: Mapping[Name, Keys], before: Mapping[Name, Keys]) -> dict[Name, Keys]:
    """Keep the keys of before of what goes on with more seeds than now."""
    kept = {n: before[n] for n, keys in now.items() if before.get(n, ())[: len(keys)] == keys}
    return {**now, **kept}


def changed_claims(planned: Planned, storage: Path) -> list[str]:
    """Name the claims that have changed since the study was run before."""
    path = plan_file(planned, storage)
    if not path.is_file():
        return []
    before = {_id_of(claim): claim for claim in read_plan(path).study.claims}
    return [
        _id_of(claim)
        for claim in planned.study.claims
        if before.get(_id_of(claim)) not in (None, claim)
    ]


def _id_of(claim: Claim | str) -> str:
    return claim if isinstance(claim, str) else claim.id


def read_planned(ledger: Ledger) -> list[Planned]:
    """Read all planned studies, ordered by the names of study and corpus.

    Raises:
        LedgerError: If a file is damaged.
    """
    return [read_plan(path) for path in sorted((ledger.storage / FOLDER).glob("*/*.json"))]


def plans_of(study: str | None, ledger: Ledger) -> list[Planned]:
    """Read the plans of a study, or all of them.

    Raises:
        LedgerError: If a file is damaged.
        StudyError: If there is none.
    """
    every = read_planned(ledger)
    if not every:
        raise StudyError(
            f"no study was run in '{ledger.storage}' yet; run one, or choose another storage"
        )
    chosen = [one for one in every if study in (None, one.study.name)]
    if not chosen:
        names = ", ".join(dict.fromkeys(one.study.name for one in every))
        raise StudyError(
            f"study '{study}' was not run in '{ledger.storage}'; those that were: {names}"
        )
    return chosen


def elsewhere(planned: Planned, kept: Iterable[Planned]) -> list[Planned]:
    """List the plans of the same study on other corpora, or at another scale."""
    place = (planned.corpus, planned.scale)
    return [one for one in kept if one.study == planned.study and (one.corpus, one.scale) != place]


def rows_of_keys(study: str, keys: Mapping[str, Sequence[str]]) -> dict[str, tuple[RowRef, ...]]:
    """Name the rows that share each trial, in the order in which trials are trained.

    All rows of one seed, or seed and fold, come before the next, so that an interrupted sweep
    leaves a table with every row.

    Args:
        study: The name of the study.
        keys: Of each row, the keys of its trials, one a seed, or seed and fold.
    """
    rows: dict[str, tuple[RowRef, ...]] = {}
    for of_seed in zip_longest(*keys.values()):
        for row, key in zip(keys, of_seed, strict=True):
            if key is not None:
                rows[key] = (*rows.get(key, ()), RowRef(study, row))
    return rows


def plan_file(planned: Planned, storage: Path) -> Path:
    """Return the path of a planned study."""
    folder, name = planned.place
    return storage / FOLDER / folder / f"{name}.json"


def read_plan(path: Path) -> Planned:
    """Read a plan.

    Raises:
        LedgerError: If the file is damaged, or is that of another plan.
    """
    try:
        planned = parse_sealed(path.read_bytes(), Planned)
        if plan_file(planned, path.parents[2]) != path:
            raise ParseError(
                f"it is the plan of study '{planned.study.name}' on '{planned.corpus}' at scale "
                f"'{planned.scale}'"
            )
        planned.study.configs(planned.family, planned.scale)  # raises if the study has a fault
        return planned
    except (ParseError, StudyError) as error:
        raise LedgerError(
            f"plan '{path}' is damaged, or another version wrote it: {error}; restore the file, or "
            "move it away and run its study again: finished trials are not trained again"
        ) from error
