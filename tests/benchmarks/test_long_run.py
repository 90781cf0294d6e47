import io
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.long_run import Sample, growing_study, look, own_temporary_folder, show

SAMPLE = Sample(1, 100.0, 50.0, 30.0, 20.0, 0.0, 0.0, 0.0)


def test_slope_of_what_grows_is_told_and_of_what_does_not_is_none() -> None:
    samples = [replace(SAMPLE, number=n, driver_mib=100.0 + 2 * n) for n in range(1, 11)]
    text = io.StringIO()
    Console(file=text, width=200).print(show(samples))
    lines = [line.strip("| ").split("|") for line in text.getvalue().splitlines() if "|" in line]
    slopes = {cells[0].strip(): cells[-1].strip() for cells in lines}
    assert slopes["driver, MiB"] == "2.0000 (2.0000 to 2.0000)"
    assert slopes["threads"] == "0.0000 (0.0000 to 0.0000)"
    assert "plan, s" not in slopes  # it was not measured


def test_temporary_files_are_seen_and_the_folder_goes() -> None:
    before = tempfile.gettempdir(), os.environ.get("RAY_TMPDIR")
    with own_temporary_folder() as folder:
        assert look(1).num_temporary == 0
        Path(tempfile.gettempdir(), "left").write_bytes(b"x")
        assert look(2).num_temporary == 1
    assert not folder.exists()
    assert (tempfile.gettempdir(), os.environ.get("RAY_TMPDIR")) == before


def test_study_goes_on_with_more_seeds() -> None:
    few, more = growing_study(2), growing_study(3)
    assert few.rows == more.rows
    assert more.seeds[: len(few.seeds)] == few.seeds
