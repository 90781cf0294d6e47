import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import EXIT_BAD_INPUT, main

Command = Callable[..., int]


@pytest.fixture
def init_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Give the command in this process and in an own folder; returns its exit status."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gates.csv").write_text("Model,Happy F1\nsoft,61.5\nhard,n.a.\n", encoding="utf-8")

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", "init", "published", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


def test_table_becomes_a_file_that_the_lint_reads(
    init_published: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init_published("gates.csv") == 0
    assert "gates.yaml: 2 rows, 1 columns; 5 lines say 'check'" in capsys.readouterr().out
    assert "# check: Happy.F1 says 'n.a.'" in Path("gates.yaml").read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["mmer-sweep", "lint-paper", "gates.yaml"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


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
