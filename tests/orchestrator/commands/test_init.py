import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import EXIT_BAD_INPUT, main
from tests.orchestrator.test_cli import run_installed

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Give a command in an empty folder; it returns the exit status, and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMER_SWEEP_STORAGE", str(tmp_path / "storage"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def told_command(out: str) -> list[str]:
    """Return the command that a beginning says is next."""
    return out.splitlines()[-1].removeprefix("Now: mmer-sweep ").split()


@pytest.mark.parametrize(
    ("kind", "first", "following"),
    [
        ("study", "mine.py: three rows, three seeds, one claim", "run mine.py"),
        ("space", "mine.py: five fields of one system", "tune mine.py --trials 20"),
        ("published", "mine.yaml: one table, one claim", "lint-paper mine.yaml"),
        ("corpus", "mine: clips.csv, its media,", "prepare clips --source mine --recipe le"),
    ],
)
def test_beginning_says_what_it_wrote_and_what_is_next(
    kind: str, first: str, following: str, call: Call
) -> None:
    code, out, _ = call("init", kind, "mine")
    assert code == 0
    assert out.startswith(first)
    assert told_command(out) == following.split()


def test_beginning_that_exists_is_kept(call: Call) -> None:
    call("init", "study", "mine")
    code, _, err = call("init", "study", "mine")
    assert (code, err) == (EXIT_BAD_INPUT, "error: mine.py: exists; choose another name\n")


def test_command_that_is_told_works(call: Call) -> None:
    _, out, _ = call("init", "published", "mine")
    code, out, _ = call(*told_command(out), "--strict")
    assert (code, "0 findings" in out) == (0, True)


def test_out_belongs_to_a_table(call: Call) -> None:
    code, _, err = call("init", "published", "mine", "--out", "other.yaml")
    assert (code, "'--out' needs a TABLE.csv or a TABLE.tex" in err) == (EXIT_BAD_INPUT, True)


def test_file_of_another_kind_is_no_name(call: Call) -> None:
    Path("table.txt").write_text("x", encoding="utf-8")
    code, _, err = call("init", "published", "table.txt")
    assert (code, "'.txt' is no table" in err) == (EXIT_BAD_INPUT, True)


def test_init_needs_no_valid_file_of_a_project(call: Call) -> None:
    Path("mmer-sweep.toml").write_text("seed = 1", encoding="utf-8")
    assert call("init", "study", "mine")[0] == 0


@pytest.mark.slow
def test_beginnings_run_as_they_are(tmp_path: Path) -> None:
    def run(command: str) -> str:
        outcome = run_installed(*command.split(), cwd=tmp_path, MMER_SWEEP_STORAGE="storage")
        assert outcome.code == 0, outcome.err
        return outcome.out

    for kind, name in (("corpus", "calls"), ("study", "rows"), ("space", "fields")):
        run(f"init {kind} {name}")
    assert "rejected: 0" in run("prepare clips --source calls --recipe le")
    assert "[  3/3]" in run("run rows.py --corpus calls --seeds 1")
    assert "[  2/2] candidate" in run("tune fields.py --corpus calls --trials 2")
