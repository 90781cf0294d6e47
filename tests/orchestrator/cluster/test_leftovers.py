import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from orchestrator.cluster.leftovers import claim, keep, remove_left, temporary_folder
from orchestrator.storage.driver import this_driver
from tests.test_layers import ROOT

KILLED = """
import os, signal
from orchestrator.cluster.leftovers import temporary_folder

with temporary_folder() as folder:
    (folder / "sweep").mkdir()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_folder_of_a_killed_process_goes_when_the_next_one_begins(temporary: Path) -> None:
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    assert left.parent == temporary, killed.stderr
    assert (left / "sweep").is_dir()
    with temporary_folder() as ours:
        assert [*temporary.iterdir()] == [ours]
    assert not [*temporary.iterdir()]


def test_folders_of_the_living_and_of_nobody_stay(temporary: Path) -> None:
    of_nobody = temporary / "mmer-sweep-of-nobody"
    of_nobody.mkdir()
    with temporary_folder() as first, temporary_folder() as second:
        assert {*temporary.iterdir()} == {of_nobody, first, second}
    assert [*temporary.iterdir()] == [of_nobody]


def test_folder_that_is_kept_stays_after_its_driver(temporary: Path) -> None:
    host, process, start = this_driver().rsplit(":", 2)
    left, kept = temporary / "left", temporary / "kept"
    for folder in (left, kept):
        folder.mkdir()
        claim(folder)
        (mark,) = folder.iterdir()
        mark.write_text(f"{host}:{process}:{int(start) + 1}")  # an earlier process of that number
    keep(kept)
    remove_left([left, kept])
    assert [*temporary.iterdir()] == [kept]
