import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from orchestrator import api
from orchestrator.cli import cli
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from tests.orchestrator.upkeep.factories import ROWS, finish, finish_seeds, two_rows, with_row
from tests.reports.factories import EMOTIONS, make_trial


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    finish_seeds(tmp_path / "storage", (0, 1), device="cpu", code_digest="c0de")
    return tmp_path / "storage"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    finish_seeds(tmp_path / "other", (1, 2))
    return tmp_path / "other"


def test_merge_tells_what_was_taken(storage: Path, other: Path) -> None:
    said = run("merge", other, "--storage", storage)
    assert said.exit_code == 0
    assert "2 trials taken in; 2 were there already, 0 with other results." in said.output
    assert "Plans: depth on synthetic (tiny)" in said.output
    means = api.results("depth", storage=storage, metrics="acc").groupby("row")["score"]
    assert means.count().to_dict() == {"good": 3, "bad": 3}


def test_merge_prints_json(storage: Path, other: Path) -> None:
    facts = json.loads(run("merge", other, "--storage", storage, "--json").stdout)
    assert (len(facts["trials"]), len(facts["known"]), facts["is_complete"]) == (2, 2, True)
    assert [one["state"] for one in facts["plans"]] == ["joined"]


def test_status_says_that_results_differ(storage: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    key = finish(storage, make_trial(7), num_wrong=1).key
    finish(other, make_trial(7), num_wrong=3)
    said = run("merge", other, "--storage", storage)
    assert said.exit_code == 1
    assert f"trial '{key}' has other results there; the one here stays" in said.output


def test_status_says_that_a_plan_asks_otherwise(storage: Path, tmp_path: Path) -> None:
    finish_seeds(tmp_path / "other", (0,), study=with_row(two_rows(), "more"))
    said = run("merge", tmp_path / "other", "--storage", storage)
    assert said.exit_code == 1
    assert "the plan here stays (the study differs in rows)" in said.output
    assert "1 trial taken in" in said.output


def test_merge_of_nothing_is_refused(storage: Path, tmp_path: Path) -> None:
    said = run("merge", tmp_path / "gone", "--storage", storage)
    assert "holds no trials and no plans" in str(said.exception)


def test_exported_folder_can_be_merged(storage: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    said = run("export", folder, "--storage", storage)
    assert (said.exit_code, "4 trials taken in" in said.output) == (0, True)
    again = tmp_path / "again"
    assert run("merge", folder, "--storage", again).exit_code == 0
    assert read_planned(Ledger(again)) == read_planned(Ledger(storage))
    assert [*Ledger(again).records()] == [*Ledger(storage).records()]


def test_only_named_studies_are_exported(storage: Path, tmp_path: Path) -> None:
    finish_seeds(storage, (5,), study=two_rows(name="another"))
    run("export", tmp_path / "copy", "another", "--storage", storage)
    assert [one.study.name for one in read_planned(Ledger(tmp_path / "copy"))] == ["another"]
    assert len([*Ledger(tmp_path / "copy").records()]) == 2


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_table_has_a_row_for_each_score(suffix: str, storage: Path, tmp_path: Path) -> None:
    path = tmp_path / f"scores.{suffix}"
    said = run("export", path, "--storage", storage)
    num_scores = len(ROWS) * 2 * 2 * (1 + len(EMOTIONS))  # seeds, metrics, overall and emotions
    assert f"{num_scores} scores written" in said.output
    table = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    assert len(table) == num_scores
    assert set(table["unit"]) == {"fraction"}
    assert set(table["code_digest"]) == {"c0de"}
    good = table.query("row == 'good' and seed == 1 and metric == 'wacc' and emotion == 'overall'")
    assert 0 < good["score"].item() < 1
    assert good["key"].item() in {record.key for record in Ledger(storage).records()}


def test_csv_holds_no_formula(tmp_path: Path) -> None:
    finish_seeds(tmp_path / "storage", (0,), device="=1+1")
    run("export", tmp_path / "scores.csv", "--storage", tmp_path / "storage")
    table = pd.read_csv(tmp_path / "scores.csv")
    assert set(table["device"]) == {"'=1+1"}
    assert table["score"].dtype == float


def test_table_and_python_give_the_same_scores(storage: Path, tmp_path: Path) -> None:
    run("export", tmp_path / "scores.csv", "--storage", storage)
    table = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    results = api.results("depth", storage=storage)
    found = table[table["emotion"] == "overall"][[*results.columns]].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, results, check_dtype=False)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("scores.xlsx", (), "is neither a table nor a folder"),
        ("scores.csv", ("--models",), "'--models' works only for a folder"),
        ("scores.csv", ("nothing",), "'nothing' is neither a paper nor a study"),
    ],
)
def test_what_cannot_be_exported_is_told(
    target: str, options: tuple[str, ...], message: str, storage: Path, tmp_path: Path
) -> None:
    said = run("export", tmp_path / target, *options, "--storage", storage)
    assert said.exit_code != 0
    assert message in said.output + str(said.exception)
    assert not (tmp_path / target).exists()
