import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import cli
from orchestrator.commands.upkeep import space
from orchestrator.errors import StorageError
from orchestrator.storage.driver import this_driver
from orchestrator.storage.leases import Leases
from orchestrator.storage.objects import FolderStore
from reports.ledger.ledger import Ledger
from tests.orchestrator.upkeep.factories import finish_seeds, leave_checkpoint


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], env={"COLUMNS": "80"})


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    planned = finish_seeds(tmp_path, [0], with_models=True)
    leave_checkpoint(tmp_path, planned.keys["good"][0], num_bytes=2048)
    return tmp_path


def test_du_shows_each_kind_and_what_can_go(finished: Path) -> None:
    said = run("du", "--storage", finished)
    assert said.exit_code == 0
    lines = [" ".join(line.split()) for line in said.output.splitlines()]
    assert lines[0] == str(finished)
    assert "checkpoints of trials 2.0 KiB 1 2.0 KiB --checkpoints" in lines
    assert max(map(len, said.output.splitlines()[1:])) <= 80


def test_du_prints_json(finished: Path) -> None:
    facts = json.loads(run("du", "--storage", finished, "--json").stdout)
    kinds = {one["kind"]: one for one in facts["kinds"]}
    assert kinds["checkpoints"]["num_bytes"] == 2048
    assert kinds["records"]["gc_option"] == ""


def test_gc_removes_nothing_that_is_not_confirmed(finished: Path) -> None:
    said = run("gc", "--storage", finished)
    assert said.exit_code == 0
    assert "2.0 KiB in 1 file can go" in said.output
    assert "Nothing was removed; add --yes to remove it." in said.output
    assert len(list(finished.glob("trials/*/checkpoint.pt"))) == 1


def test_gc_removes_what_it_lists(finished: Path) -> None:
    said = run("gc", "--storage", finished, "--models", "--yes")
    assert "48 B in 2 files removed." in said.output
    assert list(finished.glob("trials/*/model*")) == []
    assert len(list(finished.glob("trials/*/checkpoint.pt"))) == 1
    assert len(list(Ledger(finished).records())) == 2


def test_gc_prints_json(finished: Path) -> None:
    listed = json.loads(run("gc", "--storage", finished, "--json").stdout)
    assert [one["kind"] for one in listed["can_go"]] == ["checkpoints"]
    removed = json.loads(run("gc", "--storage", finished, "--json", "--yes").stdout)
    assert (removed["can_go"], removed["removed"]) == ([], listed["can_go"])
    assert removed["removed_bytes"] == 2048


def test_gc_tells_what_is_in_use(finished: Path) -> None:
    (finished / "media" / "synthetic").mkdir(parents=True)
    with Leases(FolderStore(finished)):
        FolderStore(finished).write(f"drivers/{this_driver()}", b"0")
        said = run("gc", "--storage", finished, "--media", "--yes")
    assert "somebody uses it" in said.output
    assert (finished / "media" / "synthetic").is_dir()


def test_gc_refuses_a_folder_that_is_no_storage(tmp_path: Path) -> None:
    assert run("gc", "--storage", tmp_path).exit_code == 0
    path = tmp_path / "media" / "synthetic" / "film.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    said = run("gc", "--storage", tmp_path, "--media", "--yes")
    assert isinstance(said.exception, StorageError)
    assert "is no storage: it holds none of trials, plans" in str(said.exception)
    assert path.exists()


def test_keep_best_needs_models(finished: Path) -> None:
    said = run("gc", "--storage", finished, "--keep-best")
    assert said.exit_code == 2
    assert "'--keep-best' needs '--models'" in said.output


@pytest.mark.parametrize(("typed", "is_left"), [("remove", False), ("yes", True)])
def test_gc_asks_at_a_terminal(
    typed: str, is_left: bool, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "is_at_terminal", lambda: True)
    said = CliRunner().invoke(cli, ["gc", "--storage", str(finished)], input=f"{typed}\n")
    assert "Type remove to remove it" in said.output
    assert bool(list(finished.glob("trials/*/checkpoint.pt"))) == is_left
