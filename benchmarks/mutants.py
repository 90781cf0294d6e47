"""Which changes of the code that decides numbers do the tests not see?

mutmut changes one place of a function, such as `<` to `<=`, and runs the tests that reach this
function. A change that no test sees survives: a test is missing, or the change alters nothing that
matters. mutmut has an environment of its own, `.venv-mutants`, which `make mutants` sets up.

    make mutants
    .venv/bin/python -m benchmarks.mutants [AREA...] [--most 100] [--seed 0]
"""

import json
import os
import random
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from benchmarks.measurement import markdown_table, this_machine

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-mutants" / "bin" / "python"
PACKAGES = ("corpora", "models", "search_spaces", "reports", "orchestrator", "mmer_sweep.py")


@dataclass(frozen=True)
class Area:
    """Code that is changed, and the tests that have to see it.

    Attributes:
        code: Patterns of files.
        tests: Patterns of files and folders.
    """

    code: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "statistics": Area(("reports/statistics/*.py",), ("tests/reports/statistics",)),
    "scores": Area(("reports/scores/*.py",), ("tests/reports/scores",)),
    "verdicts": Area(("reports/verdicts/*.py",), ("tests/reports/verdicts",)),
    "ledger": Area(("reports/ledger/*.py",), ("tests/reports/ledger",)),
    "plan": Area(("orchestrator/plan/*.py",), ("tests/orchestrator/plan",)),
    "leases": Area(
        ("orchestrator/storage/leases.py",), ("tests/orchestrator/storage/test_leases.py",)
    ),
    "packing": Area(
        ("orchestrator/cluster/packing.py",), ("tests/orchestrator/cluster/test_packing.py",)
    ),
    "keys": Area(("search_spaces/*.py",), ("tests/search_spaces/test_*.py",)),
}

LIST_MUTANTS = """
import sys
from pathlib import Path
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name

for file in map(Path, sys.argv[1:]):
    for name in mutate_file_contents(str(file), file.read_text(encoding="utf-8")).mutant_names:
        print(get_mutant_name(file, name))
"""
"""What the Python of mutmut runs to name all mutants of some files."""

SHOW_MUTANTS = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant

for name in sys.argv[1:]:
    print(f"# {name}", get_diff_for_mutant(name), sep="\\n")
"""
"""What it runs to show what mutants change."""

SURVIVED = (0, 5, 33)
"""Exit codes: all tests pass, or none reaches the function."""

KILLED = (1, 3)
"""Exit codes: a test fails, or pytest itself does."""


@dataclass
class Tried:
    """How the mutants of an area ended.

    Attributes:
        num_all: How many mutants the area has.
        ends: How many were killed, timed out or survived.
        changes: What those that survived change.
        wall_s: What all took, with two runs of the unchanged code.
    """

    num_all: int
    ends: Counter[str] = field(default_factory=Counter)
    changes: str = ""
    wall_s: float = 0.0


def copy_tree(folder: Path) -> None:
    """Copy the files of the repository, without what git ignores."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in names.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def configure(folder: Path, area: Area) -> None:
    """Write mutmut's configuration of an area."""
    tests = [str(one.relative_to(folder)) for each in area.tests for one in folder.glob(each)]
    others = [one.name for one in sorted(folder.iterdir()) if one.name not in (*PACKAGES, "tests")]
    lists = {
        "source_paths": PACKAGES,
        "only_mutate": area.code,
        "also_copy": others,
        "pytest_add_cli_args": ("-m", "not slow and not gpu"),
        "pytest_add_cli_args_test_selection": sorted(tests),
    }
    lines = ["\n    ".join([f"{name} =", *values]) for name, values in lists.items()]
    text = "\n".join(["[mutmut]", *lines])
    (folder / "setup.cfg").write_text(text + "\n", encoding="utf-8")
    (folder / "mutants").mkdir()  # Python would never look again in a folder that it missed


def environment(folder: Path) -> dict[str, str]:
    """Let mutmut's Python find the changed code, and the packages that this one has."""
    found = os.pathsep.join([str(folder / "mutants"), sysconfig.get_path("purelib")])
    return {**os.environ, "PYTHONPATH": found, "NO_COLOR": "1"}


def call(python: Path, folder: Path, *arguments: str) -> str:
    """Run mutmut's Python in the copy and return what it prints.

    Raises:
        RuntimeError: If it fails; with the end of what it printed.
    """
    done = subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"mutmut ends with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def try_area(area: Area, most: int, seed: int, folder: Path, python: Path = PYTHON) -> Tried:
    """Draw mutants of an area and try each."""
    begin_s = time.monotonic()
    copy_tree(folder)
    configure(folder, area)
    files = sorted(str(file.relative_to(folder)) for one in area.code for file in folder.glob(one))
    every = call(python, folder, "-c", LIST_MUTANTS, *files).split()
    drawn = sorted(random.Random(seed).sample(every, min(most, len(every))))
    tried = Tried(len(every))
    call(python, folder, "-m", "mutmut", "run", "--max-children", "1", *drawn)
    codes = _exit_codes(folder, files)
    tried.ends.update(_end_of(codes[name]) for name in drawn)
    survivors = [name for name in drawn if codes[name] in SURVIVED]
    tried.changes = call(python, folder, "-c", SHOW_MUTANTS, *survivors)
    tried.wall_s = time.monotonic() - begin_s
    return tried


def _exit_codes(folder: Path, files: Sequence[str]) -> dict[str, int | None]:
    codes: dict[str, int | None] = {}
    for file in files:
        noted = folder / "mutants" / f"{file}.meta"
        codes |= json.loads(noted.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def _end_of(code: int | None) -> str:
    if code in SURVIVED:
        return "survived"
    return "killed" if code in KILLED else "timed out"


@click.command(help=__doc__)
@click.argument("names", metavar="[AREA]...", nargs=-1, type=click.Choice(list(AREAS)))
@click.option("--most", default=100, show_default=True, help="Mutants of an area to draw.")
@click.option("--seed", default=0, show_default=True)
@click.option("--python", default=PYTHON, type=click.Path(path_type=Path), help="mutmut's.")
def main(names: Sequence[str], most: int, seed: int, python: Path) -> None:
    """Try mutants, print the survivors and a table."""
    console = Console(width=120, highlight=False, markup=False)
    table = markdown_table("area", "mutants", "drawn", "killed", "timed out", "survived", "s")
    for name in names or AREAS:
        with tempfile.TemporaryDirectory() as folder:
            tried = try_area(AREAS[name], most, seed, Path(folder), python)
        console.print(tried.changes, soft_wrap=True)
        counts = (tried.ends[end] for end in ("killed", "timed out", "survived"))
        figures = (tried.num_all, tried.ends.total(), *counts, round(tried.wall_s))
        table.add_row(name, *(f"{figure:,}" for figure in figures))
    console.print(str(this_machine(libraries=("numpy", "pydantic"))))
    console.print(table)


if __name__ == "__main__":
    main()
