import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.forecast.scratch import remove_abandoned_scratch, remove_scratch, scratch_folder
from orchestrator.storage.driver import this_driver

ELSEWHERE = "elsewhere-1-2/3/4"


def folders(storage: Path) -> list[Path]:
    return [*(storage / "probes").iterdir()]


def kill_one_that_measures(storage: Path, driver: str) -> None:
    """Let a process end as SIGKILL does it, in the midst of a trial; "self" is its own driver."""
    code = f"""
import os
from pathlib import Path
from orchestrator.storage.driver import this_driver
from orchestrator.forecast.scratch import scratch_folder
driver = {driver!r}
driver = this_driver() if driver == "self" else driver
with scratch_folder(Path({str(storage)!r}), driver) as folder:
    (folder / "checkpoint").touch()
    os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 9
    assert len(folders(storage)) == 1


def test_scratch_is_gone_with_its_trial_even_if_that_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_folder(tmp_path, ELSEWHERE) as folder:  # noqa: PT012
        (folder / "checkpoint").touch()
        assert not [*tmp_path.glob("probes/*.json")]
        raise KeyError
    assert not folders(tmp_path)


@pytest.mark.parametrize("driver", ["self", ELSEWHERE])
def test_what_a_killed_process_left_is_removed(tmp_path: Path, driver: str) -> None:
    kill_one_that_measures(tmp_path, driver)
    remove_abandoned_scratch(tmp_path)
    assert not folders(tmp_path)


def test_what_the_living_and_those_elsewhere_use_stays(tmp_path: Path) -> None:
    foreign = tmp_path / "probes" / ".scratch-elsewhere-1-2%2F3%2F4+elsewhere-1-2%2F5%2F6"
    foreign.mkdir(parents=True)
    with scratch_folder(tmp_path, this_driver()) as folder:
        remove_abandoned_scratch(tmp_path)
        remove_abandoned_scratch(tmp_path / "empty")
        assert folder.is_dir()
    assert folders(tmp_path) == [foreign]


def test_driver_removes_what_its_processes_left_and_nothing_else(tmp_path: Path) -> None:
    kill_one_that_measures(tmp_path, ELSEWHERE)
    remove_scratch(tmp_path, "elsewhere-1-2/3/44")
    remove_scratch(tmp_path, "elsewhere-1-2/3")
    assert len(folders(tmp_path)) == 1
    remove_scratch(tmp_path, ELSEWHERE)
    assert not folders(tmp_path)
