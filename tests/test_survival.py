"""Sweeps survive: the real command, and real kills.

Each test compares all results, bit for bit, with those of a sweep that nothing happened to.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.storage.leases import RELEASED
from reports.ledger.record import Result
from tests.orchestrator.factories import write_study_file
from tests.running import (
    COMMAND,
    NUM_TRIALS,
    call,
    checkpoints,
    end,
    epochs_done,
    is_trainer,
    leases,
    make_workplace,
    mlflow_statuses,
    record_times,
    records,
    results,
    resumed_from,
    started,
    sweep,
    wait_for,
)

pytestmark = pytest.mark.slow

NUM_EPOCHS = 8


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a prepared corpus and a study of four trials."""
    folder = make_workplace(tmp_path_factory.mktemp("workplace"))
    write_study_file(folder / "study.py", max_epochs=NUM_EPOCHS)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(workplace: Path) -> dict[str, Result]:
    """Train the study once without a kill."""
    shutil.copytree(workplace / "base", workplace / "whole")
    call(*sweep(workplace / "study.py", workplace / "whole"), cwd=workplace)
    return results(workplace / "whole")


@pytest.fixture
def storage(workplace: Path, tmp_path: Path) -> Path:
    shutil.copytree(workplace / "base", tmp_path / "storage")
    return tmp_path / "storage"


def trainers_of(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> list[psutil.Process]:
    family = psutil.Process(process.pid).children(recursive=True)
    return [member for member in family if is_trainer(member)]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM], ids=lambda one: one.name)
def test_lost_worker_is_replaced_and_its_trial_goes_on(
    workplace: Path, storage: Path, uninterrupted: dict[str, Result], signum: signal.Signals
) -> None:
    with started(*sweep(workplace / "study.py", storage), cwd=workplace) as process:
        wait_for(lambda: len(checkpoints(storage)) == 2)  # of both slots: whichever is killed
        victims = trainers_of(process)
        for victim in victims:
            victim.suspend()
        safe = epochs_done(storage)
        victims[0].send_signal(signum)
        for victim in victims:
            victim.resume()
        assert process.wait(300) == 0
    assert results(storage) == uninterrupted
    ((key, (resumed,)),) = resumed_from(storage).items()
    if signum == signal.SIGKILL:
        assert resumed == safe[key]
    else:  # it reaches the process only as it runs again: checkpoints more may be written by then
        assert safe[key] <= resumed <= NUM_EPOCHS
    assert mlflow_statuses(storage) == ["FINISHED"] * NUM_TRIALS
    assert not leases(storage)


def test_killed_driver_loses_no_trial_and_repeats_none(
    workplace: Path, storage: Path, uninterrupted: dict[str, Result]
) -> None:
    """Its leases are taken over by the next driver, which sees that it is dead."""
    with started(*sweep(workplace / "study.py", storage), cwd=workplace) as process:
        wait_for(lambda: bool(records(storage)) and bool(checkpoints(storage)))
        family = psutil.Process(process.pid).children(recursive=True)
        trainers = trainers_of(process)
        assert trainers
        process.kill()
        process.wait(60)
        assert not set(trainers) & set(end(family))
    finished, safe = record_times(storage), epochs_done(storage)
    assert 0 < len(finished) < NUM_TRIALS
    held = {name.partition("/")[0] for name, holder in leases(storage).items() if holder}
    assert held >= safe.keys()
    call(*sweep(workplace / "study.py", storage), cwd=workplace)
    assert results(storage) == uninterrupted
    assert record_times(storage).items() >= finished.items()
    assert resumed_from(storage) == {key: (done,) for key, done in safe.items()}
    assert mlflow_statuses(storage) == ["FINISHED"] * NUM_TRIALS
    assert not checkpoints(storage)
    # It may have died between a record and the end of that trial's lease, which harms nobody.
    assert {name.partition("/")[0] for name in leases(storage)} <= finished.keys()


@pytest.mark.parametrize(
    ("signum", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_stopped_sweep_ends_cleanly_and_goes_on(
    workplace: Path,
    storage: Path,
    uninterrupted: dict[str, Result],
    signum: signal.Signals,
    code: int,
) -> None:
    arguments = sweep(workplace / "study.py", storage)
    process = subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        cwd=workplace,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: bool(checkpoints(storage)))
        family = psutil.Process(process.pid).children(recursive=True)
        trainers = trainers_of(process)
        assert trainers
        if signum == signal.SIGINT:  # as a terminal sends it: to the whole group
            os.killpg(process.pid, signum)
        else:
            process.send_signal(signum)
        printed, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == code, printed
    assert "Run the same command again" in printed
    assert "Traceback" not in printed
    assert not set(trainers) & set(end(family))
    assert "RUNNING" not in mlflow_statuses(storage)
    assert set(leases(storage).values()) == {RELEASED.decode()}
    safe = epochs_done(storage)
    call(*arguments, cwd=workplace)
    assert results(storage) == uninterrupted
    assert resumed_from(storage) == {key: (done,) for key, done in safe.items()}


def test_two_drivers_at_once_share_the_trials(
    workplace: Path, storage: Path, uninterrupted: dict[str, Result]
) -> None:
    """Each trial is trained by one of them, and both print all and the same table."""
    arguments = sweep(workplace / "study.py", storage, "--slots", 1)
    drivers = [
        subprocess.Popen(
            [COMMAND, *map(str, arguments)], cwd=workplace, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    seen: dict[str, set[str]] = {}
    try:
        while any(driver.poll() is None for driver in drivers):
            for name, holder in leases(storage).items():
                seen.setdefault(name, set()).add(holder)
            time.sleep(0.05)
        printed = [driver.communicate(timeout=60)[0] for driver in drivers]
    finally:
        for driver in drivers:
            family = psutil.Process(driver.pid).children(recursive=True) if driver.poll() else []
            driver.kill()
            end(family)
    assert [driver.returncode for driver in drivers] == [0, 0], printed
    assert results(storage) == uninterrupted
    assert resumed_from(storage) == {}
    assert seen.keys() == {f"{key}/lease-1" for key in uninterrupted}
    assert all(len(holders) == 1 for holders in seen.values())
    assert len(set.union(*seen.values())) == 2
    assert not leases(storage)
    tables = [
        text.partition("A small study. Ours")[2].partition("The table is in")[0] for text in printed
    ]
    assert tables[0] == tables[1] != ""
    for text in printed:
        assert f"[{NUM_TRIALS}/{NUM_TRIALS}]" in text.replace(" ", "")
