"""Two studies side by side, and two versions of the code of one."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from reports.diff.compare import ABSENT, ChangedField, Comparison, compare
from reports.diff.versions import of_code
from reports.diff.view import ComparisonView
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.trials import TrialScores
from search_spaces.change import apply_change
from search_spaces.errors import StudyError
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.trial import Trial, TrialConfig
from tests.orchestrator.upkeep.factories import (
    finish,
    finish_seeds,
    plan_seeds,
    trials_of,
    two_rows,
    with_row,
)
from tests.reports.factories import make_study

ACC = {ANY_CORPUS: (Column(metric="acc", header="Acc"),)}
STUDENT_T = 4.302653
"""The 0.975 quantile of two degrees of freedom."""


def slower(**changes: object) -> Study:
    """Make the study of two rows with another learning rate."""
    config = apply_change(TrialConfig(), {"training.learning_rate": 0.5})
    return two_rows(name="slower", baseline={"tiny": {ANY_CORPUS: config}}, **changes)


def finish_wrong(storage: Path, study: Study, wrong: list[int]) -> Planned:
    """Finish a seed for each number of utterances that every row gets wrong."""
    for trials in trials_of(study, range(len(wrong))).values():
        for trial, number in zip(trials, wrong, strict=True):
            finish(storage, trial, number)
    return plan_seeds(storage, range(len(wrong)), study)


def compared(storage: Path, a: Planned, b: Planned) -> Comparison:
    return compare(a, b, TrialScores(Ledger(storage)), names=("A", "B"))


def shown(comparison: Comparison) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(ComparisonView(comparison))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_difference_is_b_minus_a_paired_by_seed(tmp_path: Path) -> None:
    a = finish_wrong(tmp_path, two_rows(columns=ACC), [1, 2, 1, 10])
    b = finish_wrong(tmp_path, slower(columns=ACC), [3, 3, 4])
    comparison = compared(tmp_path, a, b)
    (cell,) = comparison.rows[0].cells
    assert (cell.a.num_scores, cell.b.num_scores, cell.difference.num_values) == (4, 3, 3)
    assert cell.difference.mean == pytest.approx(-0.1)  # of -2/20, -1/20, -3/20
    half_width = STUDENT_T * 0.05 / 3**0.5
    assert cell.difference.interval == pytest.approx((-0.1 - half_width, -0.1 + half_width))
    assert cell.num_shared == 0
    (line,) = [one.split() for one in shown(comparison).splitlines() if one.startswith("  good")]
    assert " ".join(line) == "good 82.5 ± 21.8 (4) 83.3 ± 2.9 -10.0 -22.4 to +2.4 3"


def test_fields_in_which_configs_differ_are_listed_once_for_all_rows(tmp_path: Path) -> None:
    a, b = plan_seeds(tmp_path, (0,)), plan_seeds(tmp_path, (0,), slower())
    comparison = compared(tmp_path, a, b)
    (one,) = comparison.rows[1].changed
    assert (one.field, one.b) == ("training.learning_rate", "0.5")
    assert f"all rows: training.learning_rate: {one.a}; B: 0.5" in shown(comparison)


def test_field_that_one_config_lacks_is_absent_there(tmp_path: Path) -> None:
    exchanging = Row(name="good", change={"model.fusion": {"kind": "bottleneck"}})
    study = make_study([], name="exchanging", rows=(exchanging,))
    comparison = compared(tmp_path, plan_seeds(tmp_path, (0,)), plan_seeds(tmp_path, (0,), study))
    assert ChangedField("model.fusion.num_tokens", ABSENT, "4") in comparison.rows[0].changed
    assert comparison.only_a == ("bad",)


def test_rows_that_share_their_trials_are_told(tmp_path: Path) -> None:
    a = finish_seeds(tmp_path, (0, 1))
    b = finish_seeds(tmp_path, (0, 1), study=with_row(two_rows(name="other"), "more"))
    comparison = compared(tmp_path, a, b)
    assert [cell.num_shared for cell in comparison.rows[0].cells] == [2, 2]
    text = shown(comparison)
    assert "the same trials" in text
    assert "Only B has: more" in text
    assert "Rows of one name have equal configs." in text
    assert max(map(len, text.splitlines())) <= 80


def test_circumstances_and_preparations_that_differ_are_told(tmp_path: Path) -> None:
    a = finish_seeds(tmp_path, (0,), device="cpu")
    b = finish_seeds(tmp_path, (0,), study=slower(), device="NVIDIA H200")
    other = b.model_copy(update={"fingerprints": ("another",)})
    text = shown(compared(tmp_path, a, other))
    assert "  device: cpu; B: NVIDIA H200" in text
    assert "A and B read other preparations of the corpus." in text


def test_unfinished_studies_have_no_difference(tmp_path: Path) -> None:
    a, b = plan_seeds(tmp_path, (0,)), plan_seeds(tmp_path, (0,), slower())
    (cell, _) = compared(tmp_path, a, b).rows[0].cells
    assert (cell.a.mean, cell.difference.mean, cell.difference.interval) == (None, None, None)
    assert "no seed in common" in shown(compared(tmp_path, a, b))


def test_columns_are_those_of_a_then_what_only_b_has(tmp_path: Path) -> None:
    acc, f1, wacc = (Column(metric=one, header=one) for one in ("acc", "f1", "wacc"))
    a = plan_seeds(tmp_path, (0,), two_rows(columns={ANY_CORPUS: (acc, f1)}))
    b = plan_seeds(tmp_path, (0,), slower(columns={ANY_CORPUS: (f1, wacc, acc)}))
    assert compared(tmp_path, a, b).columns == (acc, f1, wacc)


def test_studies_without_a_common_row_are_refused(tmp_path: Path) -> None:
    a = plan_seeds(tmp_path, (0,))
    b = plan_seeds(tmp_path, (0,), make_study(["third"], name="other"))
    with pytest.raises(StudyError, match=r"have no row of one name on 'synthetic': good, bad; and"):
        compared(tmp_path, a, b)


def trained_anew(trial: Trial, code: str) -> Trial:
    return Trial(config=trial.config, corpus=trial.corpus, seed=trial.seed, code=code)


@pytest.fixture
def retrained(tmp_path: Path) -> Planned:
    """Finish a study with one code, then anew with another one that gets more wrong."""
    before = finish_seeds(tmp_path, (0, 1), code_digest="aaaa1", code_version="1.0")
    keys: dict[str, tuple[str, ...]] = {}
    for row, trials in trials_of(two_rows(), (0, 1)).items():
        anew = [trained_anew(trial, "bbbb2") for trial in trials]
        for trial in anew:
            finish(tmp_path, trial, 12, code_digest="bbbb2", code_version="2.0")
        keys[row] = tuple(trial.key for trial in anew)
    return before.model_copy(update={"keys": keys})


def test_versions_of_the_code_are_told_apart(retrained: Planned, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    a, b = of_code(retrained, "aaa", ledger), of_code(retrained, "2.0", ledger)
    assert b.keys == retrained.keys
    assert not set(a.keys["good"]) & set(b.keys["good"])
    comparison = compared(tmp_path, a, b)
    assert [cell.difference.num_values for cell in comparison.rows[0].cells] == [2, 2]
    assert all((cell.difference.mean or 0) < 0 for cell in comparison.rows[0].cells)
    assert comparison.rows[0].changed == ()


def test_plan_of_before_finds_what_was_trained_anew_too(retrained: Planned, tmp_path: Path) -> None:
    before = of_code(retrained, "1.0", Ledger(tmp_path))
    assert of_code(before, "bbbb2", Ledger(tmp_path)).keys == retrained.keys


@pytest.mark.parametrize("num_done", [0, 1])
def test_interrupted_training_anew_hides_no_score_of_before(num_done: int, tmp_path: Path) -> None:
    before = finish_seeds(tmp_path, (0, 1), code_digest="aaaa1")
    finish_seeds(tmp_path, (2,), study=two_rows(name="other"), code_digest="aaaa1")
    anew = {
        row: [trained_anew(trial, "bbbb2") for trial in trials]
        for row, trials in trials_of(two_rows(), (0, 1)).items()
    }
    for trial in anew["good"][:num_done]:
        finish(tmp_path, trial, code_digest="bbbb2")
    keys = {row: tuple(trial.key for trial in trials) for row, trials in anew.items()}
    planned = before.model_copy(update={"keys": keys})
    assert of_code(planned, "aaaa1", Ledger(tmp_path)).keys == before.keys


def test_unknown_code_is_told_with_the_choices(retrained: Planned, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"choose from aaaa1 \(version 1.0, 4 trials\), bbbb2"):
        of_code(retrained, "cccc", Ledger(tmp_path))
    with pytest.raises(StudyError, match=r"an empty code fits all; choose from aaaa1"):
        of_code(retrained, "", Ledger(tmp_path))
