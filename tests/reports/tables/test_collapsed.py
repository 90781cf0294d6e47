"""A row of which a seed collapsed: what its table and its verdict say."""

from pathlib import Path

import numpy as np
import pytest

from reports.forms.markdown import to_markdown
from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from reports.statistics.gap import paired_gap
from reports.statistics.sign_flip import sign_flip_p
from reports.tables.collapsed import COLLAPSE_NOTE
from reports.tables.table import build_table
from reports.verdicts.judgement import judge_claims
from search_spaces.claim import greater, same
from tests.reports.factories import collect, make_study, write_wrong

STEADY = {"a": [4, 5, 4, 6, 5], "b": [8, 7, 9, 8, 7]}
FALLEN = {**STEADY, "b": [8, 7, 9, 18, 7]}
CLAIM = greater("C", "", "a", "b", corpus="synthetic", metric="acc")


@pytest.mark.parametrize("wrong", [STEADY, FALLEN], ids=["steady", "fallen"])
def test_table_names_the_seed_and_says_what_tests_are_worth(
    tmp_path: Path, wrong: dict[str, list[int]]
) -> None:
    study, ledger = make_study(wrong), Ledger(tmp_path)
    outcome = collect(study, write_wrong(ledger, wrong), ledger)
    table = build_table(study, [outcome])
    assert (COLLAPSE_NOTE in table.notes) == (wrong is FALLEN)
    if wrong is FALLEN:
        assert table.marks == ("", "a")
        assert table.footnotes["a"].startswith(
            "seed 3 on the synthetic corpus at the tiny scale collapsed: more than 3 robust"
        )
        assert table.footnotes["a"].endswith("in WAcc, F1")
        assert "seed 3 on the synthetic corpus" in to_markdown(table)


def test_verdict_prints_sign_flips_beside_t(tmp_path: Path) -> None:
    study, ledger = make_study(FALLEN, claims=(CLAIM,)), Ledger(tmp_path)
    outcome = collect(study, write_wrong(ledger, FALLEN), ledger)
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    differences = np.array(judged.compared[0].differences)
    p = paired_gap(differences).p_not_above(0.0)
    assert len(judged.compared[0].collapsed) == 1
    assert judged.reason.endswith(
        f", 1 seed collapsed: p of t {p:.4f}, of sign flips {sign_flip_p(differences):.4f} "
        "(at least 0.0312)"
    )


def test_verdict_on_sameness_prints_the_p_of_both_sides(tmp_path: Path) -> None:
    about = same("S", "", "a", "b", corpus="synthetic", metric="acc", margin=0.5)
    study, ledger = make_study(FALLEN, claims=(about,)), Ledger(tmp_path)
    outcome = collect(study, write_wrong(ledger, FALLEN), ledger)
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    gap = judged.compared[0].gap
    assert gap is not None
    assert f"p of t {gap.p_not_below(0.5):.4f}, of sign flips 0.0625" in judged.reason


def test_verdict_on_other_rows_says_nothing(tmp_path: Path) -> None:
    wrong = {**FALLEN, "c": [9, 8, 9, 10, 8]}
    about = greater("C", "", "a", "c", corpus="synthetic", metric="acc")
    study, ledger = make_study(wrong, claims=(about,)), Ledger(tmp_path)
    outcome = collect(study, write_wrong(ledger, wrong), ledger)
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    assert "collapsed" not in judged.reason
