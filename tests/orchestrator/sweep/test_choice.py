from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.commands.run import study_command
from orchestrator.failures.failure import failure_of
from orchestrator.failures.notes import notes_in
from orchestrator.plan.plan import Plan, make_plan, missing_trials
from orchestrator.sweep.choice import Choice, ChoiceError, choose
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import STUDIES
from tests.orchestrator.commands.test_show import CORPUS
from tests.reports.factories import make_split, write_trial


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Plan `layers` on two seeds, the first trial of 1-1-1-1 finished."""
    ledger = Ledger(tmp_path)
    first = make_plan(STUDIES["layers"], CORPUS, "tiny", 2, ledger).trials["1-1-1-1"][0]
    write_trial(ledger, first, make_split(0, 1))
    return make_plan(STUDIES["layers"], CORPUS, "tiny", 2, ledger)


def chosen(plan: Plan, storage: Path, choice: Choice) -> list[str]:
    found = choose(missing_trials([plan]), [plan], choice, notes_in(storage))
    return [f"{row.row}/{trial.seed_text}" for trial, row in found.values()]


def test_rows_are_chosen_by_name_and_by_pattern(plan: Plan, tmp_path: Path) -> None:
    assert len(chosen(plan, tmp_path, Choice())) == 11
    assert chosen(plan, tmp_path, Choice(rows=("1-1-1-1",))) == ["1-1-1-1/1"]
    fours = chosen(plan, tmp_path, Choice(rows=("4-4-*", "1-1-1-1")))
    assert set(fours) == {f"4-4-{r}/{s}" for r in ("4-4", "6-6") for s in "01"} | {"1-1-1-1/1"}
    with pytest.raises(ChoiceError, match="--rows 4-4: no such row; did you mean '4-4-"):
        chosen(plan, tmp_path, Choice(rows=("4-4",)))


def test_only_failed_ones_are_chosen(plan: Plan, tmp_path: Path) -> None:
    assert chosen(plan, tmp_path, Choice(only_failed=True)) == []
    trial = plan.trials["2-2-2-2"][1]
    row = plan.rows_by_key[trial.key][0]
    notes_in(tmp_path).add(trial, row, failure_of("memory", "no memory"))
    assert chosen(plan, tmp_path, Choice(only_failed=True)) == ["2-2-2-2/1"]
    assert chosen(plan, tmp_path, Choice(rows=("4-*",), only_failed=True)) == []


def test_one_trial_is_retried_by_its_key(plan: Plan, tmp_path: Path) -> None:
    trial = plan.trials["2-2-2-2"][1]
    assert chosen(plan, tmp_path, Choice(retry=(trial.key[:10],))) == ["2-2-2-2/1"]
    assert chosen(plan, tmp_path, Choice(retry=("layers/2-2-2-2/1",))) == ["2-2-2-2/1"]
    finished = plan.trials["1-1-1-1"][0].key
    for start, fault in (
        ("zz", "no trial of layers has a key that begins so"),
        ("", "12 keys begin so"),
        (finished, "is finished, it has its record"),
    ):
        with pytest.raises(ChoiceError, match=fault):
            chosen(plan, tmp_path, Choice(retry=(start,)))


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    given = ["--storage", str(storage), "--rows", "1-1-*", "--seeds", "1", "--dry-run"]
    outcome = CliRunner().invoke(study_command("layers"), given, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert "chosen: 2 of 6 trials to train" in outcome.output
    assert outcome.output.endswith("Nothing was trained, and nothing was written.\n")
    assert not storage.exists()


def test_adaptive_seeds_choose_themselves() -> None:
    given = ["--seeds", "auto", "--rows", "1-1-1-1"]
    outcome = CliRunner().invoke(study_command("layers"), given)
    assert outcome.exit_code == 2
    assert "'--seeds auto' chooses trials itself" in outcome.output
