"""The notebook of `docs/python.md`: its cells run, one after another, in a folder of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parent.parent / "examples" / "notebook.ipynb"


@pytest.mark.slow
def test_every_cell_of_the_notebook_runs(tmp_path: Path) -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) == 8
    program = "import matplotlib\nmatplotlib.use('Agg')\n" + "\n".join(code)
    checks = (
        "assert len(scores) == 3 * 2 * 2\n"
        "assert set(summary['count']) == {2}\n"
        "assert summary['mean'].between(0, 1).all()\n"
        "assert len(valid) == 3 * 2 * 3\n"
        "assert set(right.groupby(found['row']).size()) == {2 * 600 * 4}, len(right)\n"
    )
    (tmp_path / "cells.py").write_text(f"{program}\n{checks}", encoding="utf-8")
    command = [sys.executable, "cells.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
