import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.commands import doctor as command
from orchestrator.commands.doctor import DoctorFacts
from orchestrator.doctor.finding import Finding, Wanted
from orchestrator.project.fields import ALLOWED
from orchestrator.project.read import FILE
from orchestrator.terminal import UNLIMITED
from tests.orchestrator.test_cli import Outcome, run_installed

LONG = "a text of many words " * 8 + "/a/path/" + "x" * 90


@pytest.fixture
def seen() -> list[Wanted]:
    """Give the settings with which the checks are asked."""
    return []


@pytest.fixture
def found() -> list[Finding]:
    """Give what the checks find."""
    return [
        Finding(subject="storage", level="ok", text="can be written"),
        Finding(subject="weights", level="note", text=LONG, advice=LONG),
    ]


@pytest.fixture
def call(
    tmp_path: Path,
    seen: list[Wanted],
    found: list[Finding],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Give the command without the checks themselves, which tests of `doctor` try."""
    monkeypatch.chdir(tmp_path)
    for name in ("MMER_SWEEP_STORAGE", "MLFLOW_TRACKING_URI", "MMER_SWEEP_MEASURE"):
        monkeypatch.delenv(name, raising=False)

    def examine(wanted: Wanted) -> Iterable[Finding]:
        seen.append(wanted)
        return iter(found)

    monkeypatch.setattr("orchestrator.doctor.examine.examine", examine)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", "doctor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return run


def settings(out: str) -> dict[str, tuple[object, str]]:
    return {one.name: (one.value, one.origin) for one in DoctorFacts(**json.loads(out)).settings}


def test_each_value_is_told_with_its_origin(
    call, seen: list[Wanted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_text(
        'storage = "here"\ncorpus = "mine"\nseeds = "auto"\ndevice = "gpu"\n'
        'tracking-uri = "http://me:secret@mlflow"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("MMER_SWEEP_DEVICE", "cpu")
    monkeypatch.setenv("MMER_SWEEP_STORAGE", "there")
    outcome = call("--json", "--storage", "elsewhere")
    told = settings(outcome.out)
    assert list(told) == list(ALLOWED)
    assert told["storage"] == ("elsewhere", "command line")
    assert told["device"] == ("cpu", "environment")
    assert told["corpus"] == ("mine", "file")
    assert told["seeds"] == ("auto", "file")
    assert told["tracking-uri"] == ("http://***@mlflow", "file")
    assert told["measure"] == (True, "default")
    assert told["slots"] == (None, "default")
    assert DoctorFacts(**json.loads(outcome.out)).file == str(tmp_path / FILE)
    (asked,) = seen
    assert (asked.storage, asked.corpus, asked.device) == ("elsewhere", "mine", "cpu")
    assert (asked.tracking_uri, asked.is_mlflow_unconfirmed) == ("http://me:secret@mlflow", True)
    assert "secret" not in outcome.out + outcome.err


def test_address_of_the_command_line_is_the_users_own(call, seen: list[Wanted]) -> None:
    call("--tracking-uri", "http://mlflow")
    assert not seen[0].is_mlflow_unconfirmed


def test_wrong_file_is_a_problem_and_no_error(call, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("seed = 1", encoding="utf-8")
    outcome = call("--json")
    facts = DoctorFacts(**json.loads(outcome.out))
    assert (outcome.code, facts.num_problems) == (1, 1)
    assert "'seed' is no key; did you mean 'seeds'?" in facts.findings[0].text
    assert facts.file == str(tmp_path / FILE)


@pytest.mark.parametrize(("level", "code"), [("problem", 1), ("note", 0)])
def test_status_says_whether_there_is_a_problem(
    level: str, code: int, call, found: list[Finding]
) -> None:
    found.append(Finding.model_validate({"subject": "x", "level": level, "text": "y"}))
    assert call().code == code


def test_lines_of_a_file_are_whole(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.console, "width", UNLIMITED)
    lines = call().out.splitlines()
    assert f"note     weights   {LONG}" in lines
    assert f"{' ' * 19}-> {LONG}" in lines
    assert lines[-1] == "no problems, 1 note."


def test_no_word_is_divided_in_a_narrow_terminal(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.console, "width", 80)
    lines = call().out.splitlines()
    (note,) = (number for number, line in enumerate(lines) if line.startswith("note"))
    assert (
        lines[note] == "note     weights   a text of many words a text of many words a text of many"
    )
    assert lines[note + 1].startswith(f"{' ' * 19}words a text")
    assert " " * 19 + LONG.split()[-1] in lines


def test_this_machine_is_looked_at_whole(tmp_path: Path) -> None:
    outcome = run_installed("doctor", "--json", "--device", "cpu", cwd=tmp_path)
    facts = DoctorFacts(**json.loads(outcome.out))
    assert (outcome.code, facts.num_problems) == (0, 0), outcome.out
    subjects = dict.fromkeys(one.subject for one in facts.findings)
    for subject in ("project", "python", "packages", "storage", "clock", "corpora", "codecs"):
        assert subject in subjects
    for subject in ("weights", "hub", "tex", "mlflow", "ray", "torch", "gpu"):
        assert subject in subjects
    assert "ok       python" in outcome.err
    assert not list(tmp_path.iterdir())
