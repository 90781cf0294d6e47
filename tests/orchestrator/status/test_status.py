import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.commands.status import status
from orchestrator.failures.failure import failure_of
from orchestrator.failures.notes import notes_in
from orchestrator.status.facts import collect_status
from orchestrator.status.view import status_view
from orchestrator.storage.driver import this_driver
from orchestrator.storage.leases import live_name
from orchestrator.storage.objects import FolderStore
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, remember
from search_spaces.study import RowRef
from tests.orchestrator.commands.test_show import text_of
from tests.orchestrator.live.live_bench import LiveBench, epoch
from tests.reports.factories import make_split, make_study, make_trial, write_trial


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Give a storage with a study of three rows and two seeds: 3 finished, 1 failed."""
    study, ledger = make_study(), Ledger(tmp_path)
    trials = [make_trial(seed) for seed in range(6)]
    for trial in trials[:3]:
        write_trial(ledger, trial, make_split(0, 1))
    keys = [trial.key for trial in trials]
    rows = dict(zip((row.name for row in study.rows), (keys[:2], keys[2:4], keys[4:]), strict=True))
    planned = Planned.model_validate(
        {
            "study": study,
            "corpus": "synthetic",
            "family": "synthetic",
            "scale": "tiny",
            "keys": rows,
        }
    )
    remember(planned, tmp_path)
    failure = failure_of("memory", "out of memory at 7 GiB")
    notes_in(tmp_path).add(trials[3], RowRef("depth", "2-2-2-2"), failure)
    return tmp_path


def run_live(storage: Path, driver: str) -> None:
    """Lay the state of a running sweep there, as its driver does."""
    bench = LiveBench("a row")
    bench.live.started(bench.trials[0])
    bench.live.epoch_done(bench.trials[0], epoch(0))
    state = bench.live.state(driver, 4).model_dump_json()
    FolderStore(storage).write(live_name(driver), state.encode())


def ask(storage: Path, *arguments: str) -> Result:
    given = [*arguments, "--storage", str(storage)]
    return CliRunner().invoke(status, given, catch_exceptions=False)


def test_status_counts_each_study_and_names_what_failed(storage: Path) -> None:
    text = text_of(status_view(collect_status(storage)))
    assert text.startswith("Nothing runs.\n")
    assert ["depth", "synthetic", "tiny", "6", "3", "1"] in [*map(str.split, text.splitlines())]
    assert "1 failed: out of memory\n" in text
    assert "GiB free" in text


def test_status_shows_a_running_sweep_as_its_terminal_does(storage: Path) -> None:
    run_live(storage, this_driver())
    text = text_of(status_view(collect_status(storage)))
    assert text.startswith("small on mine (tiny), since ")
    assert "trials: 2 done, 1 running, 0 left; time left: " in text
    assert "a row seed 0  epoch 1/2  \u2581  valid F1 0.625" in text
    assert "trials that wait for MLflow: 4" in text
    assert "Nothing runs" not in text


def test_old_state_of_another_machine_is_told_as_old(storage: Path) -> None:
    run_live(storage, "alpha-4026531836-0b0b:1:2")
    told = collect_status(storage)
    later = datetime.now(UTC) + timedelta(seconds=300)
    assert "its driver may be dead" not in text_of(status_view(told))
    assert "its driver may be dead" in text_of(status_view(told, later))
    assert "driven by alpha, process 1" in " ".join(text_of(status_view(told)).split())


def test_driver_that_ended_before_it_was_done_is_told(storage: Path) -> None:
    host, process, start = this_driver().rsplit(":", 2)
    run_live(storage, f"{host}:{process}:{int(start) + 1}")
    text = text_of(status_view(collect_status(storage)))
    assert "a sweep ended before it was done; run its command again" in " ".join(text.split())


def test_driver_without_a_state_starts(storage: Path) -> None:
    FolderStore(storage).write("drivers/alpha-4026531836-0b0b:1:2", b"3")
    assert "alpha, process 1: a sweep starts" in text_of(status_view(collect_status(storage)))


def test_json_is_the_only_output(storage: Path) -> None:
    run_live(storage, this_driver())
    outcome = ask(storage, "--json")
    facts = json.loads(outcome.stdout)
    assert facts["studies"][0]["num_finished"] == 3
    assert facts["sweeps"][0]["running"][0]["scores"] == [0.625]
    assert facts["failures"][0]["trials"][0]["name"] == "depth/2-2-2-2/3"


def test_failures_are_listed_with_what_helps(storage: Path) -> None:
    text = ask(storage, "--failures").output
    assert "depth/2-2-2-2/3: out of memory at 7 GiB" in text
    assert "What helps: " in text
    notes_in(storage).remove(make_trial(3).key)
    assert ask(storage, "--failures").output == "No trial failed.\n"


def test_storage_that_is_not_there_yet_has_nothing(tmp_path: Path) -> None:
    text = ask(tmp_path / "none" / "deep").output
    assert "Nothing runs." in text
    assert "No study was run in this storage." in text
    assert not (tmp_path / "none").exists()
