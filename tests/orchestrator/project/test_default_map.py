import re
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from orchestrator.addresses.named import note_named
from orchestrator.cli import COMMANDS, EXIT_BAD_INPUT, cli, main
from orchestrator.project.default_map import default_map_of
from orchestrator.project.fields import ALLOWED, Value
from orchestrator.project.read import FILE
from tests.orchestrator.upkeep.factories import finish_seeds

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Give a command in a folder with a file of defaults; it returns the status and all output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMER_SWEEP_STORAGE", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(text: str, *arguments: str) -> tuple[int, str]:
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((printed.out + printed.err).split())

    return run


def num_trials(text: str) -> int:
    found = re.search(r"rows x seeds are (\d+) trials", text)
    assert found is not None, text
    return int(found[1])


def test_command_line_comes_before_the_file(call: Call) -> None:
    code, of_file = call("seeds = 2", "plan", "layers")
    assert (code, num_trials(of_file)) == (0, 12)
    assert num_trials(call("seeds = 2", "plan", "layers", "--seeds", "1")[1]) == 6


def test_environment_comes_before_the_file(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"no study was run in '{tmp_path / 'file'}'" in call("storage = 'file'", "report")[1]
    monkeypatch.setenv("MMER_SWEEP_STORAGE", "environment")
    told = call("storage = 'file'", "report")[1]
    assert f"no study was run in '{tmp_path / 'environment'}'" in told
    told = call("storage = 'file'", "report", "--storage", "line")[1]
    assert f"no study was run in '{tmp_path / 'line'}'" in told


def test_file_above_the_working_folder_counts(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert f"no study was run in '{tmp_path / 'results'}'" in call("storage='results'", "report")[1]


def test_help_shows_the_default_of_the_file(call: Call, tmp_path: Path) -> None:
    code, told = call('corpus = "mine"', "layers", "--help")
    assert (code, "A prepared corpus. [default: mine]" in told) == (0, True)


def test_wrong_file_ends_a_command_but_not_its_help(call: Call, tmp_path: Path) -> None:
    code, told = call("seed = 3", "layers")
    assert code == EXIT_BAD_INPUT
    assert told.startswith(f"error: '{tmp_path / FILE}': 'seed' is no key; did you mean 'seeds'?")
    assert call("seed = 3", "layers", "--help")[0] == 0
    assert call("seed = 3", "--version")[0] == 0


def test_every_key_is_an_option_of_sweeps() -> None:
    command = cli.get_command(click.Context(cli), "layers")
    assert command is not None
    options = {name for option in command.params for name in option.opts}
    assert {f"--{key}" for key in ALLOWED} <= options


VALUES: dict[str, Value] = {
    "corpus": "mine",
    "seeds": 5,
    "device": "cpu",
    "address": "auto",
    "storage": "here",
}


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("run", {"corpus", "seeds", "device", "address", "storage"}),
        ("plan", {"corpus", "seeds", "device", "address", "storage"}),
        ("tune", {"corpus", "device", "address", "storage"}),  # its --seeds are of the winner
        ("predict", {"corpus", "seeds", "device", "storage"}),
        ("report", {"storage"}),
        ("lint-paper", set()),
    ],
)
def test_command_gets_what_it_has_an_option_for(command: str, names: set[str]) -> None:
    context = click.Context(cli)
    found = cli.get_command(context, command)
    assert found is not None
    assert default_map_of(found, VALUES, context).keys() == names


def test_value_that_an_option_refuses_is_left_out() -> None:
    context = click.Context(cli)
    predict = cli.get_command(context, "predict")
    assert predict is not None
    assert default_map_of(predict, {"seeds": "auto", "device": "gpu"}, context) == {}


def test_commands_of_a_group_get_their_own() -> None:
    context = click.Context(cli)
    prepare = cli.get_command(context, "prepare")
    assert prepare is not None
    maps = default_map_of(prepare, VALUES, context)
    assert maps["clips"] == maps["iemocap"] == {"storage": "here"}  # their --address is another


def test_all_commands_take_their_defaults() -> None:
    """No command fails for a default that it gets; each key reaches one."""
    context = click.Context(cli)
    more: dict[str, Value] = {"measure": False, "models": True, "tracking_uri": "x"}
    values = VALUES | more
    reached = set()
    for name in (*COMMANDS, "layers"):
        command = cli.get_command(context, name)
        assert command is not None
        reached |= default_map_of(command, values, context).keys() & values.keys()
    assert reached == values.keys()


def test_server_that_only_the_file_names_gets_nothing(call: Call) -> None:
    file = 'tracking-uri = "http://me:secret@mlflow.example:5000"'
    code, told = call(file, "sync")
    assert code == EXIT_BAD_INPUT
    assert "MLflow at http://***@mlflow.example:5000: only 'mmer-sweep.toml' names it" in told
    assert "secret" not in told


def test_server_that_the_user_named_before_is_taken_from_the_file(call: Call) -> None:
    note_named("http://127.0.0.1:9")
    code, told = call('tracking-uri = "http://127.0.0.1:9"', "sync")
    assert (code, "Nothing waits for MLflow at http://127.0.0.1:9" in told) == (0, True)


EVERY_KEY = """
storage = "results"
corpus = "mine"
scale = "tiny"
seeds = 5
address = "auto"
device = "cpu"
slots = 2
deterministic = true
measure = false
models = true
log-models = 1
"""


def test_file_of_all_keys_lets_upkeep_do_as_without_it(call: Call, tmp_path: Path) -> None:
    storage = tmp_path / "results"
    study = finish_seeds(storage, [0], with_models=True).study.name
    assert call(EVERY_KEY, "gc", "--yes")[0] == 0
    assert len(list(storage.glob("trials/*/model*"))) == 2
    code, told = call(EVERY_KEY, "export", str(tmp_path / "scores.csv"))
    assert (code, "scores written to" in told) == (0, True)
    code, told = call(EVERY_KEY, "merge", str(storage), "--storage", str(tmp_path / "other"))
    assert (code, list((tmp_path / "other").rglob("model*"))) == (0, [])
    code, told = call(EVERY_KEY, "diff", study, study)
    assert "was run on" not in told  # `corpus` leaves out no result
