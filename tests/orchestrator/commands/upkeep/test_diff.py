import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import cli
from reports.ledger.planned import Planned, remember
from tests.orchestrator.upkeep.factories import PLACE, finish_seeds, two_rows, with_row


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], env={"COLUMNS": "80"})


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    finish_seeds(tmp_path, (0, 1), code_digest="aaaa1")
    finish_seeds(tmp_path, (1, 2), study=with_row(two_rows(name="other"), "more"))
    return tmp_path


def test_diff_shows_rows_side_by_side(storage: Path) -> None:
    said = run("diff", "depth", "other", "--storage", storage)
    assert said.exit_code == 0
    assert said.output.startswith("A: depth\nB: other\non the synthetic corpus, scale tiny\n")
    assert "Only B has: more" in said.output


def test_diff_prints_json(storage: Path) -> None:
    said = run("diff", "depth", "other", "--storage", storage, "--json")
    (found,) = json.loads(said.stdout)["comparisons"]
    cell = found["rows"][0]["cells"][0]
    assert (cell["a_num"], cell["b_num"], cell["num_pairs"], cell["num_shared"]) == (2, 2, 1, 1)
    assert (cell["low"], cell["difference"]) == (None, 0.0)
    assert found["only_b"] == ["more"]


def test_diff_compares_code_with_itself(storage: Path) -> None:
    said = run("diff", "depth", "--code", "aaaa", "aaaa1", "--storage", storage)
    assert "the same trials" in said.output


def test_corpus_that_lacks_a_version_is_left_out(storage: Path) -> None:
    place = PLACE | {"corpus": "elsewhere"}
    remember(Planned(study=two_rows(), keys={"good": ("0" * 24,)}, **place), storage)
    said = run("diff", "depth", "--code", "aaaa", "aaaa1", "--storage", storage, "--json")
    (found,) = json.loads(said.stdout)["comparisons"]
    assert found["corpus"] == "synthetic"
    assert "left out: no trial of study 'depth' on 'elsewhere' was trained by" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["depth"], "name two studies, or one study and --code CODE CODE"),
        (["depth", "other", "--code", "a", "b"], "name two studies, or one study and --code"),
        (["depth", "gone"], "study 'gone' was not run in"),
        (["depth", "other", "--corpus", "mosei"], "was run on synthetic (tiny) alone"),
        (["depth", "--code", "", "aaaa"], "an empty code fits all; choose from aaaa1"),
        (["depth", "--code", "aaaa", "ffff"], "was trained by code 'ffff'; choose from aaaa1"),
    ],
)
def test_what_cannot_be_compared_is_told(arguments: list[str], message: str, storage: Path) -> None:
    said = run("diff", *arguments, "--storage", storage)
    assert said.exit_code != 0
    assert message in said.output + str(said.exception)
