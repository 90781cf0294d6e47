import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.commands.status import status
from orchestrator.failures.failure import failure_of
from orchestrator.failures.notes import notes_in
from orchestrator.status.drivers import look_at_drivers
from orchestrator.status.facts import collect_status, failed_trials
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


def test_driver_elsewhere_counts_as_silent_when_its_files_are_old(storage: Path) -> None:
    driver = "alpha-4026531836-0b0b:1:2"
    run_live(storage, driver)
    assert look_at_drivers(storage).sweeps[0].driver == driver
    later = datetime.now(UTC) + timedelta(seconds=300)
    drivers = look_at_drivers(storage, later)
    assert (drivers.sweeps, drivers.starting) == ((), ())
    assert (drivers.silent[0].driver, drivers.silent[0].is_dead) == (driver, False)
    state = collect_status(storage).sweeps[0]
    old = state.model_copy(update={"updated_at": "2020-01-01T00:00:00+00:00"})
    FolderStore(storage).write(live_name(driver), old.model_dump_json().encode())
    text = " ".join(text_of(status_view(collect_status(storage))).split())
    assert "Nothing runs." in text
    assert "alpha, process 1: silent since 2020-01-01T00:00:00+00:00" in text


def test_other_files_beside_those_of_drivers_are_ignored(storage: Path) -> None:
    for name in ("drivers/.nfs0001", "drivers/notes.txt", "sweeps/x.json"):
        FolderStore(storage).write(name, b"{}")
    assert look_at_drivers(storage) == ((), (), ())


def test_state_of_a_later_version_is_read(storage: Path) -> None:
    run_live(storage, this_driver())
    file = storage / live_name(this_driver())
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"colour": "blue"}))
    assert collect_status(storage).sweeps[0].names == ("small",)


def test_note_on_a_trial_that_has_a_record_is_not_told(storage: Path) -> None:
    failure = failure_of("memory", "out of memory")
    notes_in(storage).add(make_trial(0), RowRef("depth", "1-1-1-1"), failure)
    (group,) = collect_status(storage).failures
    assert [one.key for one in group.trials] == [make_trial(3).key]
    assert [one.key for one in failed_trials(storage)] == [make_trial(3).key]


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
    assert text.startswith("There is no folder ")
    assert "No study was run in this storage." in text
    assert not (tmp_path / "none").exists()
