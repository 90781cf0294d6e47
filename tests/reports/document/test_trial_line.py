from pathlib import Path

import pytest

from reports.document.trial_line import HEADERS, TrialLine, list_trials
from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from reports.tables.blocks import MISSING
from search_spaces.study import RowRef
from tests.reports.factories import (
    collect,
    make_record,
    make_split,
    make_study,
    make_trial,
    write_trial,
)


def test_shared_trial_is_listed_once_with_all_its_rows(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    write_trial(ledger, make_trial(), make_split(0, 0), key="shared")
    write_trial(ledger, make_trial(1), make_split(0, 5), key="alone")
    study = make_study(["a", "b"])
    outcome = collect(study, {"a": ("shared", "open"), "b": ("shared", "alone")}, ledger)
    shared, alone = list_trials([("first", outcome), ("second", outcome)], TrialScores(ledger))
    assert shared.rows == (
        *(RowRef("first", "a"), RowRef("first", "b")),
        *(RowRef("second", "a"), RowRef("second", "b")),
    )
    assert alone.rows == (RowRef("first", "b"), RowRef("second", "b"))
    assert shared.test_score == pytest.approx(1.0)
    assert alone.test_score is not None
    assert alone.test_score < 1.0


def test_line_says_what_is_known() -> None:
    line = TrialLine(make_record(make_trial(3), key="abc"), (RowRef("depth", "a"),), 0.5, None)
    texts = dict(zip(HEADERS, line.texts, strict=True))
    assert texts == {
        "key": "abc",
        "study/row": "depth/a",
        "corpus": "synthetic",
        "seed": "3",
        "best epoch": "1",
        "valid F1, %": "50.00",
        "test F1, %": MISSING,
        "parameters": "1,000",
        "wall time, s": "2.5",
        "device": "cpu",
        "code version": "0.1.0+abc1234",
    }
