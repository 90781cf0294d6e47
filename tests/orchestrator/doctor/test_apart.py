import sys
import time
from pathlib import Path

import pytest

from orchestrator.doctor.apart import ApartError, call_apart, run_limited
from orchestrator.doctor.cluster import RayFacts

HERE = __name__


def answer(given: str) -> RayFacts:
    print("noise of a library")  # noqa: T201
    return RayFacts(version=given)


def fail(given: str) -> RayFacts:
    raise ValueError(f"no {given}")


def test_facts_come_back_whatever_is_printed_beside() -> None:
    assert call_apart(f"{HERE}:answer", "2.0 ü", RayFacts, limit_s=60).version == "2.0 ü"


def test_files_of_the_working_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pydantic.py").write_text("raise ValueError('of the user')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert call_apart(f"{HERE}:answer", "2.0", RayFacts, limit_s=60).version == "2.0"


def test_error_comes_back_as_one_line() -> None:
    with pytest.raises(ApartError, match=r"^ValueError: no such thing$"):
        call_apart(f"{HERE}:fail", "such thing", RayFacts, limit_s=60)


def test_all_that_a_program_started_ends_with_its_time(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = (
        f"import time, pathlib\nwhile True: pathlib.Path({str(alive)!r}).touch(); time.sleep(.05)"
    )
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    start = time.monotonic()
    with pytest.raises(ApartError, match="no answer within 2 s"):
        run_limited([sys.executable, "-c", parent], limit_s=2)
    assert time.monotonic() - start < 10
    alive.unlink()  # the child had begun
    time.sleep(0.3)
    assert not alive.exists()


def test_program_that_is_not_there_is_told() -> None:
    with pytest.raises(ApartError, match="'/nowhere/x' cannot be started: No such file"):
        run_limited(["/nowhere/x"], limit_s=1)


def test_answer_that_is_no_facts_is_told() -> None:
    with pytest.raises(ApartError, match=r"it answered no facts: .*num_machines"):
        call_apart(f"{HERE}:wrong", "", RayFacts, limit_s=60)


class _Wrong:
    def model_dump_json(self) -> str:
        return '{"version": "1", "num_machines": "many"}'


def wrong(given: str) -> _Wrong:
    return _Wrong()
