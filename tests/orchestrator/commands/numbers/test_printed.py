import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from orchestrator.cli import EXIT_BAD_INPUT, main
from orchestrator.commands.numbers.printed import EXIT_FINDINGS

TABLES = """
schema: 1
tables:
  main:
    paper: mine
    label: Table 1
    dataset: calls
    unit: percent
    columns: [Sad.F1]
    rows:
    - {{id: base, v: ['50.0']}}
    - {{id: ours, v: ['{ours}'], bold: [0]}}
"""


Command = Callable[..., int]


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command in this process; return its exit status."""
    monkeypatch.setattr(sys, "argv", ["mmer-sweep", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def lint_paper(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give the command; it returns its exit status."""
    return partial(run_command, monkeypatch, "lint-paper")


@pytest.fixture
def init_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Give the command in a folder with a table; it returns its exit status."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gates.csv").write_text("Model,Happy F1\nsoft,61.5\nhard,n.a.\n", encoding="utf-8")
    return partial(run_command, monkeypatch, "init", "published")


def write_tables(folder: Path, ours: str) -> str:
    file = folder / "mine.yaml"
    file.write_text(TABLES.format(ours=ours), encoding="utf-8")
    return str(file)


def test_papers_are_checked_by_default(
    lint_paper: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint_paper() == 0
    assert "29 findings: bold 3," in capsys.readouterr().out


def test_json_is_all_that_is_printed(
    lint_paper: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint_paper("--json") == 0
    assert json.loads(capsys.readouterr().out)["num_findings"] == 29


@pytest.mark.parametrize(("ours", "status"), [("49.0", EXIT_FINDINGS), ("51.0", 0)])
def test_strict_fails_where_there_is_a_finding(
    ours: str, status: int, lint_paper: Command, tmp_path: Path
) -> None:
    file = write_tables(tmp_path, ours)
    assert lint_paper(file) == 0
    assert lint_paper(file, "--strict") == status


def test_wrong_file_is_refused_with_its_fault(
    lint_paper: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint_paper(write_tables(tmp_path, "much")) == EXIT_BAD_INPUT
    printed = capsys.readouterr()
    assert "row 'ours': Sad.F1 'much' is no number" in printed.err
    assert printed.out == ""


def test_missing_file_is_refused(lint_paper: Command, tmp_path: Path) -> None:
    assert lint_paper(str(tmp_path / "none.yaml")) == EXIT_BAD_INPUT


def test_table_becomes_a_file_that_the_lint_reads(
    init_published: Command, lint_paper: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init_published("gates.csv") == 0
    assert "gates.yaml: 2 rows, 1 columns; 5 lines say 'check'" in capsys.readouterr().out
    assert "# check: Happy.F1 says 'n.a.'" in Path("gates.yaml").read_text(encoding="utf-8")
    assert lint_paper("gates.yaml") == 0


def test_file_that_exists_is_kept(
    init_published: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("gates.yaml").write_text("mine", encoding="utf-8")
    assert init_published("gates.csv") == EXIT_BAD_INPUT
    assert "gates.yaml: exists; name another file with --out" in capsys.readouterr().err
    assert Path("gates.yaml").read_text(encoding="utf-8") == "mine"
    assert init_published("gates.csv", "--out", "other.yaml") == 0
    assert init_published("gates.csv", "--out", "nowhere/other.yaml") == EXIT_BAD_INPUT
    assert "nowhere/other.yaml: cannot be written" in capsys.readouterr().err
