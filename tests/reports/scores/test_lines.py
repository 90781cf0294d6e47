from pathlib import Path

import pytest

from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.lines import every_column, score_lines, unit_of
from reports.scores.trials import TrialScores
from tests.reports.factories import make_study, write_wrong


def plan(ledger: Ledger) -> Planned:
    keys = write_wrong(ledger, {"a": [4, 2], "b": [1]})
    study = make_study(["a", "b"])
    return Planned(study=study, corpus="mine", family="mine", scale="tiny", keys=keys)


def test_each_finished_trial_has_a_line_for_each_column_asked_for(tmp_path: Path) -> None:
    planned, scores = plan(Ledger(tmp_path)), TrialScores(Ledger(tmp_path))
    lines = list(score_lines(planned, scores, [("acc", None), ("acc", "sad")]))
    assert [(one.row, one.seed, one.emotion, one.key) for one in lines] == [
        (row, seed, emotion, key)
        for emotion in ("overall", "sad")
        for row, seed, key in (("a", 0, "0-0"), ("a", 1, "0-1"), ("b", 0, "1-0"))
    ]
    assert [one.score for one in lines] == pytest.approx([0.8, 0.9, 0.95] * 2)
    named = {(o.study, o.corpus, o.scale, o.fold, o.metric, o.unit, o.fault) for o in lines}
    assert named == {("depth", "mine", "tiny", "", "acc", "fraction", "")}


def test_columns_are_those_of_the_study_overall_and_of_each_emotion(tmp_path: Path) -> None:
    planned, scores = plan(Ledger(tmp_path)), TrialScores(Ledger(tmp_path))
    assert every_column(planned, scores) == [
        (metric, emotion)
        for metric in ("wacc", "f1")
        for emotion in (None, "anger", "happy", "sad")
    ]
    nothing = planned.model_copy(update={"keys": {}})
    assert every_column(nothing, scores) == [("wacc", None), ("f1", None)]


def test_unit_is_that_of_the_stored_score() -> None:
    assert [unit_of(metric) for metric in ("f1", "mae", "ccc")] == ["fraction", "plain", "plain"]
