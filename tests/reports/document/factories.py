"""Reports of trials that nobody trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.document.assemble import assemble
from reports.document.content import Report
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, read_planned, remember
from reports.scores.trials import TrialScores
from search_spaces.claim import greater
from search_spaces.study import Row, Study
from search_spaces.terms import Scale
from tests.reports.factories import (
    make_circumstances,
    make_split,
    make_study,
    make_trial,
    write_trial,
)

NASTY = r"a_b & 50 % #1 \cmd {x} ~ ^2 $y$ <b>'bold'</b>"


def write_study(
    storage: Path,
    study: Study,
    wrong: Mapping[str, Sequence[int | None]],
    corpus: str = "synthetic",
    scale: Scale = "tiny",
    **circumstances: Any,
) -> Planned:
    """Plan a study and finish a trial for each number of wrong utterances, of 20; None is open.

    A trial's accuracy, of each emotion and of all, is 1 - wrong / 20.
    """
    ledger = Ledger(storage)
    keys: dict[str, tuple[str, ...]] = {}
    for number, (row, of_row) in enumerate(wrong.items()):
        named = {f"{study.name}-{corpus}-{number}-{seed}": w for seed, w in enumerate(of_row)}
        keys[row] = tuple(named)
        for seed, (key, num_wrong) in enumerate(named.items()):
            if num_wrong is not None:
                given = make_circumstances(study=study.name, row=row, **circumstances)
                test = make_split(seed, num_wrong)
                write_trial(
                    ledger, make_trial(seed, corpus=corpus), test, key=key, circumstances=given
                )
    planned = Planned(study=study, corpus=corpus, family=corpus, scale=scale, keys=keys)
    return remember(planned, storage)


def make_own_study(name: str = "own") -> Study:
    """Make a study of a user, with names that no form may take for its own marks."""
    claim = greater(
        "mine",
        f"wider beats the base {NASTY}",
        f"wider {NASTY}",
        "base",
        corpus="synthetic",
        metric="f1",
    )
    rows = (Row(name="base"), Row(name=f"wider {NASTY}", change={"model.width": 64}))
    return make_study(
        (), name=name, title=f"Mine: {NASTY}", source=None, rows=rows, claims=(claim,)
    )


def write_own_study(storage: Path) -> Planned:
    """Finish a user's study, whose claim holds."""
    wrong = {"base": [6, 7, 6, 8], f"wider {NASTY}": [1, 2, 2, 3]}
    return write_study(storage, make_own_study(), wrong, device="a GPU")


def write_everything(storage: Path) -> None:
    """Write a study with unfinished rows on two corpora, one of a user, and one not begun."""
    study = make_study()
    wrong: dict[str, list[int | None]] = {
        "1-1-1-1": [4, 5, 4],
        "2-2-2-2": [2, None, 3],
        "ours": [0, 1, 0],
    }
    write_study(storage, study, wrong, corpus="iemocap")
    write_study(storage, study, {row: counts[:2] for row, counts in wrong.items()})
    write_own_study(storage)
    never = make_study(["a", "b"], name="never", title="Not begun", source=None)
    write_study(storage, never, {"a": [None], "b": [None]})


def assemble_report(storage: Path, folder: Path | None = None) -> Report:
    """Assemble a report of everything in a storage folder."""
    ledger = Ledger(storage)
    output = folder or storage / "report"
    return assemble(read_planned(ledger), TrialScores(ledger), output, lambda _: None)
