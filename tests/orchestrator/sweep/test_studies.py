"""What a person sees at the end of a run."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.sweep.studies import write_study
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.trials import TrialScores
from search_spaces.catalogue import find_study
from tests.reports.factories import write_wrong
from tests.reports.floor_factory import write_linear

MOST_LINES, WIDTH = 40, 80
LINES_OF_MLFLOW = 2

OPEN = ["69587", "86957", "58696", "99598", "67955", "99999"]
"""Of 20 utterances, for each seed of a row: rows that nothing tells apart, nor all from chance."""

CLEAR = ["88878", "66665", "55455", "43444", "23232", "00000"]
"""Each row is better than the one before."""


@pytest.fixture(autouse=True)
def _without_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the PDF out: it takes a second, and the line that says why is one more."""
    monkeypatch.setattr("reports.forms.document.COMPILER", "no-compiler")


def show_end(storage: Path, study: str, wrong: Sequence[str], corpus: str) -> str:
    """Finish a built-in study, and show what its run prints at the end."""
    found, ledger = find_study(study), Ledger(storage)
    by_row = {row.name: list(map(int, w)) for row, w in zip(found.rows, wrong, strict=True)}
    planned = Planned(
        study=found, corpus=corpus, family=corpus, scale="tiny", keys=write_wrong(ledger, by_row)
    )
    write_linear(storage, 4)
    file = io.StringIO()
    console = Console(width=WIDTH, file=file, color_system=None, markup=False, highlight=False)
    write_study(planned, TrialScores(ledger), storage, console)
    return file.getvalue()


@pytest.mark.parametrize("wrong", [OPEN, CLEAR], ids=["open", "clear"])
@pytest.mark.parametrize("study", ["layers", "components"])
def test_run_ends_on_one_screen(tmp_path: Path, study: str, wrong: Sequence[str]) -> None:
    lines = show_end(tmp_path, study, wrong, "synthetic").splitlines()
    assert len(lines) <= MOST_LINES - LINES_OF_MLFLOW, "\n".join(lines)
    *others, path, _, _ = lines
    assert max(map(len, others)) <= WIDTH
    assert path.startswith("The table is in ")
    starts = [line.split(maxsplit=1)[0] for line in lines if line]
    assert {"chance", "linear", "UNTESTABLE"} <= set(starts)


def test_run_on_own_clips_ends_with_what_holds_there(tmp_path: Path) -> None:
    text = show_end(tmp_path, "components", CLEAR, "mine")
    words = " ".join(text.split())
    assert "UNTESTABLE here: 13 claims of papers about CMU-MOSEI and IEMOCAP, paper scale." in words
    assert (
        "On mine, tiny scale (no paper claims it): 4 HOLDS; beyond this split 4 UNDECIDED." in words
    )
    assert "'+ Transformer-based Fusion' beats 'Early Fusion' in F1? HOLDS, +" in words
    assert text.index("On mine, ") < text.index("The table is in")
