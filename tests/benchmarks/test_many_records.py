import io
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import many_records
from benchmarks.many_records import Cost, growth, made_studies, show, write_storage
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from reports.scores.trials import TrialScores


def test_made_storage_has_all_trials_of_its_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_records, "NUM_SEEDS", 2)
    monkeypatch.setattr(many_records, "A_STUDY", 20)
    write_storage(tmp_path, 40)
    ledger = Ledger(tmp_path)
    plans = read_planned(ledger)
    assert [one.study.name for one in plans] == [study.name for study in made_studies(40)]
    keys = [key for one in plans for key in one.rows_by_key]
    found = ledger.finished(keys)
    assert len(set(keys)) == len(found) == 40
    assert TrialScores(ledger).find(found[keys[0]], "f1") is not None


def test_growth_is_the_exponent_between_two_sizes() -> None:
    assert growth(2.0, 200.0, 10) == pytest.approx(2)
    costs = {"plan": {size: [Cost(9.0, size / 100, 50.0)] for size in (1000, 10_000)}}
    text = io.StringIO()
    Console(file=text, width=200).print(show(costs))
    cells = [cell.strip() for cell in text.getvalue().splitlines()[-2].strip("| ").split("|")]
    assert cells == ["plan", "10.0", "100.0", "50", "50", "1.00", "0.00"]
